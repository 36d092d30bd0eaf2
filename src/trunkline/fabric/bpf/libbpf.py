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
_BATCH = 8192  #: rows of a map that are read or written at once

_pointer, _int, _u32, _u64, _text = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint32, ctypes.c_uint64, ctypes.c_char_p

_SIGNATURES: dict[str, tuple[object, tuple[object, ...]]] = {
    "libbpf_set_print": (_pointer, (_PRINTER,)),
    "libbpf_num_possible_cpus": (_int, ()),
    "bpf_object__open_file": (_pointer, (_text, _pointer)),
    "bpf_object__load": (_int, (_pointer,)),
    "bpf_object__close": (None, (_pointer,)),
    "bpf_object__next_map": (_pointer, (_pointer, _pointer)),
    "bpf_map__set_max_entries": (_int, (_pointer, _u32)),
    "bpf_object__pin_maps": (_int, (_pointer, _text)),
    "bpf_object__find_program_by_name": (_pointer, (_pointer, _text)),
    "bpf_program__pin": (_int, (_pointer, _text)),
    "bpf_obj_get": (_int, (_text,)),
    "bpf_object__next_program": (_pointer, (_pointer, _pointer)),
    "bpf_program__fd": (_int, (_pointer,)),
    "bpf_program__name": (_text, (_pointer,)),
    "bpf_map__fd": (_int, (_pointer,)),
    "bpf_map__name": (_text, (_pointer,)),
    "bpf_prog_test_run_opts": (_int, (_int, _pointer)),
    "bpf_obj_get_info_by_fd": (_int, (_int, _pointer, ctypes.POINTER(_u32))),
    "bpf_map_lookup_elem": (_int, (_int, _text, _pointer)),
    "bpf_map_update_elem": (_int, (_int, _text, _text, _u64)),
    "bpf_map_delete_elem": (_int, (_int, _text)),
    "bpf_map_lookup_batch": (
        _int,
        (_int, _pointer, _pointer, _pointer, _pointer, ctypes.POINTER(_u32), _pointer),
    ),
    "bpf_map_update_batch": (_int, (_int, _pointer, _pointer, ctypes.POINTER(_u32), _pointer)),
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
def loaded(path: Path, room: int = 0, only: str = "") -> Iterator[int]:
    """A handle of the object at ``path``, its programs verified by the kernel and its maps created; it lives as long
    as the context or, once pinned, as the pins. ``room``: most keys of each map, or of the ``only``
    one, instead of what the object says."""
    lib = library()
    _said.lines = []
    handle = lib.bpf_object__open_file(str(path).encode(), None)
    if not handle:
        raise _refusal(f"{path} cannot be opened")
    try:
        if room:
            _resize(lib, handle, room, only)
        if lib.bpf_object__load(handle):
            raise _refusal(f"the kernel refused {path.name}")
        yield handle
    finally:
        lib.bpf_object__close(handle)


def descriptors(handle: int, kind: str = "map") -> dict[str, int]:
    """Of all maps, or programs, of a loaded object, by name."""
    following, named, number = (getattr(library(), f"bpf_{what}") for what in (
        f"object__next_{kind}", f"{kind}__name", f"{kind}__fd"))
    found, part = {}, following(handle, None)
    while part:
        found[named(part).decode()] = int(number(part))
        part = following(handle, part)
    return found


def _resize(lib: ctypes.CDLL, handle: int, room: int, only: str) -> None:
    found = lib.bpf_object__next_map(handle, None)
    while found:
        wanted = not only or lib.bpf_map__name(found).decode() == only
        if wanted and lib.bpf_map__set_max_entries(found, room):
            raise _refusal(f"a map cannot have {room} entries")
        found = lib.bpf_object__next_map(handle, found)


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


def room(descriptor: int) -> int:
    """Most keys that a map may have: the fifth word of ``struct bpf_map_info``."""
    words, length = (_u32 * 5)(), _u32(20)
    if library().bpf_obj_get_info_by_fd(descriptor, words, ctypes.byref(length)):
        raise _refusal("a map cannot be read")
    return int(words[4])


def _map_name(descriptor: int) -> str:
    """At most 15 bytes; it follows on six words of ``struct bpf_map_info``."""
    words, length = ctypes.create_string_buffer(40), _u32(40)
    if library().bpf_obj_get_info_by_fd(descriptor, words, ctypes.byref(length)):
        raise _refusal("a map cannot be read")
    return words.raw[24:].split(b"\0")[0].decode()


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
        raise Full(f"the map {_map_name(descriptor)} has room for {room(descriptor)} rows")
    if not (flags & _BPF_NOEXIST and ctypes.get_errno() == errno.EEXIST):
        raise _refusal("a map cannot be written")


def delete(descriptor: int, key: bytes) -> None:
    if library().bpf_map_delete_elem(descriptor, key) and ctypes.get_errno() != errno.ENOENT:
        raise _refusal("a map cannot be written")


def batches(descriptor: int, key_bytes: int, value_bytes: int) -> Iterator[tuple[memoryview, memoryview]]:
    """Keys and values of all rows of a map, many at a time (BPF_MAP_LOOKUP_BATCH); good until the next are asked for.
    The token is a hash's bucket number or an array's key: 4 bytes."""
    size = min(_BATCH, room(descriptor))
    keys = ctypes.create_string_buffer(key_bytes * size)
    values = ctypes.create_string_buffer(value_bytes * size)
    token, more, last = _u32(), False, False
    while not last:
        count = _u32(size)
        start = ctypes.byref(token) if more else None
        failed = library().bpf_map_lookup_batch(
            descriptor, start, ctypes.byref(token), keys, values, ctypes.byref(count), None
        )
        last = bool(failed) and ctypes.get_errno() == errno.ENOENT
        if failed and not last:
            raise _refusal("a map cannot be read")
        yield memoryview(keys)[: key_bytes * count.value], memoryview(values)[: value_bytes * count.value]
        more = True


def rows(descriptor: int, key_bytes: int, value_bytes: int) -> Iterator[tuple[bytes, bytes]]:
    """All rows of a map, one by one."""
    for keys, values in batches(descriptor, key_bytes, value_bytes):
        yield from zip(_slices(keys.tobytes(), key_bytes), _slices(values.tobytes(), value_bytes), strict=True)


def _slices(data: bytes, width: int) -> Iterator[bytes]:
    return (data[at : at + width] for at in range(0, len(data), width))


def write_rows(descriptor: int, keys: bytes, values: bytes, count: int) -> None:
    """Create or replace many rows at once (BPF_MAP_UPDATE_BATCH)."""
    written = _u32(count)
    if count and library().bpf_map_update_batch(descriptor, keys, values, ctypes.byref(written), None):
        raise _refusal("a map cannot be written")


class _TestRun(ctypes.Structure):
    """``struct bpf_test_run_opts``."""

    _fields_ = (
        ("sz", ctypes.c_size_t), ("data_in", _pointer), ("data_out", _pointer), ("data_size_in", _u32),
        ("data_size_out", _u32), ("ctx_in", _pointer), ("ctx_out", _pointer), ("ctx_size_in", _u32),
        ("ctx_size_out", _u32), ("retval", _u32), ("repeat", _int), ("duration", _u32), ("flags", _u32),
        ("cpu", _u32), ("batch_size", _u32))


def tried(descriptor: int, frame: bytes, repeat: int) -> tuple[int, int]:
    """Run a program on a frame that comes in on the loopback interface, again and again (BPF_PROG_TEST_RUN): its last
    answer and the nanoseconds of one run. The frame is not sent anywhere, and keeps what a run has changed."""
    options = _TestRun(sz=ctypes.sizeof(_TestRun), repeat=repeat, data_size_in=len(frame),
                       data_in=ctypes.cast(ctypes.create_string_buffer(frame, len(frame)), _pointer))
    if library().bpf_prog_test_run_opts(descriptor, ctypes.byref(options)):
        raise _refusal("a program cannot be tried")
    return int(options.retval), int(options.duration)


def lengths(descriptor: int) -> tuple[int, int]:
    """Bytes of a program as it was verified, and as the processor runs it: words of ``struct bpf_prog_info``."""
    words, length = (_u32 * 6)(), _u32(24)
    if library().bpf_obj_get_info_by_fd(descriptor, words, ctypes.byref(length)):
        raise _refusal("a program cannot be read")
    return int(words[5]), int(words[4])
