"""Names that Trino knows and this endpoint has no exact rendering for: refused with another reason than a typo."""

NOT_HERE = frozenset(
    """all_match approx_most_frequent approx_set array_first array_histogram array_last bar beta_cdf bing_tile
    bit_count bitwise_left_shift bitwise_right_shift bitwise_right_shift_arithmetic checksum char2hexint classify color
    combinations contains_sequence convex_hull_agg cosine_distance cosine_similarity dot_product empty_approx_set
    entropy evaluate_classifier_predictions features from_base from_base32 from_base64url from_big_endian_32
    from_big_endian_64 from_encoded_polyline from_geojson_geometry from_ieee754_32 from_ieee754_64 from_unixtime_nanos
    geometry_union hamming_distance hash_counts hmac_md5 hmac_sha1 hmac_sha256 hmac_sha512 intersection_cardinality
    inverse_beta_cdf inverse_normal_cdf jaccard_index json_object json_array kurtosis learn_classifier
    line_interpolate_point listagg luhn_check make_set_digest map_union map_zip_with merge merge_set_digest
    murmur3 ngrams normal_cdf normalize parse_data_size parse_datetime parse_presto_data_size permutations qdigest_agg
    quantile_at_value reduce_agg regexp_position regexp_count render rgb set_agg set_union shuffle simplify_geometry
    skewness soundex split_to_map split_to_multimap spooky_hash_v2_32 spooky_hash_v2_64 st_area st_astext st_contains
    st_distance st_geometryfromtext st_point t_cdf t_pdf tdigest_agg theta_sketch_estimate theta_sketch_union
    timestamp_objectid timezone to_base to_base32 to_base64url to_big_endian_32 to_big_endian_64 to_geometry
    to_ieee754_32 to_ieee754_64 to_iso8601 to_milliseconds transform_keys try_parse_datetime typeof uuid
    value_at_quantile values_at_quantiles version width_bucket wilson_interval_lower wilson_interval_upper word_stem
    xxhash64 objectid_timestamp date_parse json_array_get array_agg bitwise_and_agg strpos multimap_from_entries
    random rand at_timezone current_groups""".split()
)
