"""Takes payments through the decision: from topic to decision, alert and store, each within its two seconds."""
