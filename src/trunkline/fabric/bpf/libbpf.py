"""libbpf.so.1 through ctypes: load an object, pin it, and read and write its maps.

The library ships with every Debian that has iproute2. Its log goes to standard error unless told otherwise; here it is
kept per thread and becomes the text of the exception.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from trunkline.errors import DriverFailure, Unsupported

_PRINTER = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_int, ctypes.c_char_p, ctypes.c_void_p)
_LOG_BYTES = 4096
_LINES_KEPT = 40
_WARN = 0
_BPF_NOEXIST = 1
_BATCH = 1024  #: rows of a hash map that are read at once

_pointer, _int, _u32, _u64, _text = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_char_p

_SIGNATURES: dict[str, tuple[object, tuple[object, ...]]] = {
    "libbpf_set_print": (_pointer, (_PRINTER,)),
    "libbpf_num_possible_cpus": (_int, ()),
    "bpf_object__open_file": (_pointer, (_text, _pointer)),
    "bpf_object__load": (_int, (_pointer,)),
    "bpf_object__close": (None, (_pointer,)),
    "bpf_object__pin_maps": (_int, (_pointer, _text)),
    "bpf_object__find_program_by_name": (_pointer, (_pointer, _text)),
    "bpf_program__pin": (_int, (_pointer, _text)),
    "bpf_obj_get": (_int, (_text,)),
    "bpf_obj_get_info_by_fd": (_int, (_int, _pointer, ctypes.POINTER(_u32))),
    "bpf_map_lookup_elem": (_int, (_int, _text, _pointer)),
    "bpf_map_update_elem": (_int, (_int, _text, _text, _u64)),
    "bpf_map_delete_elem": (_int, (_int, _text)),
    "bpf_map_lookup_batch": (
        _int,
        (_int, _pointer, _pointer, _pointer, _pointer, ctypes.POINTER(_u32), _pointer),
    ),
}


class Full(DriverFailure):
    """A map has no room for one more key."""


_said = threading.local()
_libc = ctypes.CDLL(None)
_libc.vsnprintf.argtypes = (_text, ctypes.c_size_t, _text, _pointer)


def _keep(level: int, template: bytes, arguments: int) -> int:
    """va_list is handed over as a pointer on x86-64 and arm64, so it can be passed on as one."""
    if level == _WARN:
        line = ctypes.create_string_buffer(_LOG_BYTES)
        _libc.vsnprintf(line, _LOG_BYTES, template, arguments)
        _said.lines = [*getattr(_said, "lines", []), line.value.decode(errors="replace").strip()][-_LINES_KEPT:]
    return 0


_PRINT = _PRINTER(_keep)  #: libbpf keeps the pointer, so the callback must never be collected


@functools.cache
def library() -> ctypes.CDLL:
    try:
        loaded = ctypes.CDLL("libbpf.so.1", use_errno=True)
    except OSError as problem:
        raise Unsupported(f"libbpf.so.1 is not installed: no cross-connects (apt install libbpf1): {problem}") from None
    for name, (result, arguments) in _SIGNATURES.items():
        function = getattr(loaded, name)
        function.restype, function.argtypes = result, arguments
    loaded.libbpf_set_print(_PRINT)
    return loaded


def _refusal(what: str) -> DriverFailure:
    number, lines = ctypes.get_errno(), getattr(_said, "lines", [])
    _said.lines = []
    return DriverFailure("; ".join([f"{what}: {os.strerror(number)}", *lines]))


@contextmanager
def loaded(path: Path) -> Iterator[int]:
    """A handle of the object at ``path``, its programs verified by the kernel and its maps created; it lives as long
    as the context or, once pinned, as the pins."""
    lib = library()
    _said.lines = []
    handle = lib.bpf_object__open_file(str(path).encode(), None)
    if not handle:
        raise _refusal(f"{path} cannot be opened")
    try:
        if lib.bpf_object__load(handle):
            raise _refusal(f"the kernel refused {path.name}")
        yield handle
    finally:
        lib.bpf_object__close(handle)


def pin(handle: int, program: str, directory: Path) -> None:
    """Pin all maps and the program under their own names; ``directory`` is in a bpffs."""
    lib = library()
    if lib.bpf_object__pin_maps(handle, str(directory).encode()):
        raise _refusal(f"maps cannot be pinned in {directory}")
    found = lib.bpf_object__find_program_by_name(handle, program.encode())
    if not found or lib.bpf_program__pin(found, str(directory / program).encode()):
        raise _refusal(f"program {program} cannot be pinned in {directory}")


def get(path: Path) -> int:
    """A descriptor of what is pinned at ``path``; raises FileNotFoundError if nothing is."""
    descriptor: int = library().bpf_obj_get(str(path).encode())
    if descriptor < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), str(path))
    return descriptor


def identifier(descriptor: int) -> int:
    """The kernel's number of a program: the second word of ``struct bpf_prog_info``."""
    words, length = (_u32 * 2)(), _u32(8)
    if library().bpf_obj_get_info_by_fd(descriptor, words, ctypes.byref(length)):
        raise _refusal("a program cannot be read")
    return int(words[1])


@functools.cache
def cpus() -> int:
    """Possible CPUs: how many values a per-CPU map has for each key."""
    return int(library().libbpf_num_possible_cpus())


def lookup(descriptor: int, key: bytes, value_bytes: int) -> bytes | None:
    """The value at ``key``. For a per-CPU map ``value_bytes`` is that of all CPUs."""
    value = ctypes.create_string_buffer(value_bytes)
    if library().bpf_map_lookup_elem(descriptor, key, value) == 0:
        return value.raw
    if ctypes.get_errno() == errno.ENOENT:
        return None
    raise _refusal("a map cannot be read")


def update(descriptor: int, key: bytes, value: bytes) -> None:
    """Create or replace the value at ``key``, in one step."""
    _write(descriptor, key, value, 0)


def insert(descriptor: int, key: bytes, value: bytes) -> None:
    """Create the value at ``key``; one that exists stays."""
    _write(descriptor, key, value, _BPF_NOEXIST)


def _write(descriptor: int, key: bytes, value: bytes, flags: int) -> None:
    if not library().bpf_map_update_elem(descriptor, key, value, flags):
        return
    if ctypes.get_errno() == errno.E2BIG:
        raise Full("a map is full")
    if not (flags & _BPF_NOEXIST and ctypes.get_errno() == errno.EEXIST):
        raise _refusal("a map cannot be written")


def delete(descriptor: int, key: bytes) -> None:
    if library().bpf_map_delete_elem(descriptor, key) and ctypes.get_errno() != errno.ENOENT:
        raise _refusal("a map cannot be written")


def _slices(data: bytes, width: int, count: int) -> Iterator[bytes]:
    return (data[at : at + width] for at in range(0, width * count, width))


def rows(descriptor: int, key_bytes: int, value_bytes: int) -> Iterator[tuple[bytes, bytes]]:
    """All rows of a hash map, many at a time (BPF_MAP_LOOKUP_BATCH). The token is a bucket number: 4 bytes."""
    keys = ctypes.create_string_buffer(key_bytes * _BATCH)
    values = ctypes.create_string_buffer(value_bytes * _BATCH)
    token, more = _u32(), False
    while True:
        count = _u32(_BATCH)
        start = ctypes.byref(token) if more else None
        failed = library().bpf_map_lookup_batch(
            descriptor, start, ctypes.byref(token), keys, values, ctypes.byref(count), None
        )
        last = bool(failed) and ctypes.get_errno() == errno.ENOENT
        if failed and not last:
            raise _refusal("a map cannot be read")
        found = (_slices(keys.raw, key_bytes, count.value), _slices(values.raw, value_bytes, count.value))
        yield from zip(*found, strict=True)
        if last:
            return
        more = True
