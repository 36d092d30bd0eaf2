"""Certificates of failover drills: signed, kept, verified, shown.

    keys   the instance's signing key, signatures
    shelf  the files under the instance's home
    page   one as a page for a browser      paper  and on paper
"""
