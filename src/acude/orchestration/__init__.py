"""What the DAGs need around their jobs: the day of a run, alerts, Airflow's API. Light to import."""
