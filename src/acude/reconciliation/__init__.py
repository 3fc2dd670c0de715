"""Proves that nothing was lost, nothing came twice and the money adds up, place by place."""
