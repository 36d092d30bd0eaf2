"""The eBPF side: ``xconnect.c`` and its records (``xconnect.h``, ``records``), how it is built (``build``), and libbpf
through ctypes (``libbpf``).
"""
