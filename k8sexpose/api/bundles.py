"""What people have at hand of a cluster, in whatever form: the plain objects in it.

JSON and YAML, one object, a List, a typed list whose items have no kind, an array, several texts one after the other,
``kubectl cluster-info dump`` with its logs, several files, a folder, and archives (.tar.gz, .tar.xz, .zip, .gz) such as
support bundles and must-gathers. Archives are read member by member in memory; nothing is ever unpacked.
"""

from __future__ import annotations

import io
import json
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Any, NamedTuple

import yaml

from .checks import is_file, shown
from .damage import CutOff, breaks_off, is_cut_list, without_messages, yaml_breaks_off
from .errors import ManifestError
from .json_lists import ListInText
from .kinds import BUILT_IN
from .manifest import plain

__all__ = ["ARCHIVES", "CUT_OFF", "ENDINGS", "MAX_BYTES", "MESSAGE", "Found", "Source", "objects_of", "read_source"]

MAX_BYTES = 512 * 1024 * 1024
MAX_YAML_BYTES = 20 * 1024 * 1024  # YAML costs about a second a megabyte
MAX_MEMBERS = 10_000
XZ = b"\xfd7zXZ\x00"
ENDINGS = (".json", ".yaml", ".yml")
ARCHIVES = (".tar.gz", ".tgz", ".tar.xz", ".txz", ".tar", ".zip", ".gz", ".xz")
COMMAND = "kubectl get nodes,pods,services,endpointslices -A -o json"
# What a file or folder is called tells the kind of objects that carry none, as in a support bundle.
FOLDERS = {
    "nodes": ("v1", "Node"), "pods": ("v1", "Pod"), "services": ("v1", "Service"), "events": ("v1", "Event"),
    "endpoints": ("v1", "Endpoints"), "endpointslices": ("discovery.k8s.io/v1", "EndpointSlice"),
    "ingress": ("networking.k8s.io/v1", "Ingress"), "ingresses": ("networking.k8s.io/v1", "Ingress"),
}  # fmt: skip

# What is found beside objects, in the place of a kind: a file that ends early, and a message of kubectl.
CUT_OFF, MESSAGE = "(cut off)", "(message)"

Source = str | bytes | Path | Mapping[str, Any] | Sequence[Any]


class Found(NamedTuple):
    """One object of a dump, or a list of a kind without an entry.

    Parameters
    ----------
    where : str
        The file it stands in, and its number.
    kind, version : str
        Kind and apiVersion, from the list or the folder where the object has none.
    value : mapping, optional
        The object; None for an empty list of the kind.
    sound : bool
        Whether the text that it was read from holds nothing that `plain` refuses.

    Examples
    --------
    >>> [one.kind for one in objects_of({"kind": "PodList", "apiVersion": "v1", "items": [{"metadata": {}}]})]
    ['Pod', 'Pod']
    """

    where: str
    kind: str
    version: str
    value: Mapping[str, Any] | None
    sound: bool = False


def read_source(source: Source) -> Iterator[Found]:
    """Yield the objects of a file, a folder, an archive, several of them, a text, or parsed objects.

    Raises
    ------
    ManifestError
        What is there is no dump; the text says what it is.
    FileNotFoundError
        There is no such file.

    Examples
    --------
    >>> next(read_source('{"kind": "Node", "apiVersion": "v1"}')).kind
    'Node'
    """
    if isinstance(source, Mapping):
        yield from objects_of(plain(source))
    elif isinstance(source, bytes):
        yield from _content("the dump", source, "")
    elif isinstance(source, str) and source[:1] in ("{", "[") and source.isascii() and "\0" not in source[:4]:
        yield from _objects_of_text("the dump", source, "")
    elif isinstance(source, str) and _is_text(source):
        yield from _content("the dump", source.encode("utf-8", "surrogatepass"), "")
    elif isinstance(source, str | Path):
        yield from _path(Path(source))
    elif isinstance(source, list | tuple) and source and all(isinstance(one, str | Path) for one in source):
        for one in source:
            yield from _path(Path(str(one)))
    elif isinstance(source, list | tuple):
        yield from objects_of(list(source))
    else:
        raise ManifestError(f"a dump is a path, text, or objects, not {shown(source)}")


def _is_text(source: str) -> bool:
    """Return True if a string is the dump itself, and not the name of a file."""
    start = source.lstrip()
    return "\n" in source or not start or start.startswith(("{", "[", "<"))


def is_folder(path: Path) -> bool:
    """Return True if there is such a folder; a name that is too long for the system is none."""
    try:
        return path.is_dir()
    except OSError:
        return False


def _path(path: Path) -> Iterator[Found]:
    """Yield what stands in a file or under a folder."""
    if is_folder(path):
        files = sorted(one for one in path.rglob("*") if one.name.endswith((*ENDINGS, ".gz")) and one.is_file())
        files = [one for one in files if not one.is_symlink()]
        if not files:
            raise ManifestError(f"the folder {path.name or path} holds no .json, .yaml or .yml file")
        _check_count(len(files), path.name)
        _check_size(sum(one.stat().st_size for one in files), path.name)
        for one in files:
            yield from _lenient(str(one.relative_to(path)), one.read_bytes())
        return
    if not is_file(path):
        raise FileNotFoundError(f"the path {str(path)[:200]!r} does not exist")
    _check_size(path.stat().st_size, path.name)
    yield from _content(path.name, path.read_bytes(), str(path))


def _check_size(size: int, name: str) -> None:
    if size > MAX_BYTES:
        raise ManifestError(f"{name} has {size:,} bytes; more than {MAX_BYTES:,} are not read")


def _check_count(count: int, name: str) -> None:
    if count > MAX_MEMBERS:
        raise ManifestError(f"{name} holds more than {MAX_MEMBERS:,} files, which are not read")


def _lenient(name: str, data: bytes) -> Iterator[Found]:
    """Yield the objects of one file among many; one that cannot be read, or is something else, is passed over.

    One that ends early is named: it would have held more.
    """
    try:
        yield from list(_content(name, data, name, strict=False))
    except CutOff:
        yield Found(name, CUT_OFF, "", None)
    except ManifestError:
        return


# -- archives ---------------------------------------------------------------------------------------------------------


def _content(name: str, data: bytes, path: str, *, strict: bool = True) -> Iterator[Found]:
    """Yield the objects of the bytes of a file: an archive, or a text."""
    if data[:2] == b"PK":
        yield from _zip(name, data)
    elif data[:2] == b"\x1f\x8b":
        inner = _gunzip(name, data)
        yield from _tar(name, inner) if _is_tar(inner) else _content(name, inner, path.removesuffix(".gz"))
    elif data[:6] == XZ:
        inner = _unxz(name, data)
        yield from _tar(name, inner) if _is_tar(inner) else _content(name, inner, path.removesuffix(".xz"))
    elif _is_tar(data):
        yield from _tar(name, data)
    else:
        yield from _text(name, data, path, strict=strict)


# What opens archives is loaded with the first archive: few dumps are one, and every cluster imports this module.
def _gunzip(name: str, data: bytes) -> bytes:
    import gzip

    try:
        with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
            inner = file.read(MAX_BYTES + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise ManifestError(f"{name} is compressed, and cannot be read: {error}") from None
    _check_size(len(inner), f"{name}, decompressed,")
    return inner


def _unxz(name: str, data: bytes) -> bytes:
    """Return what an .xz file holds; a Python that was built without it says so."""
    try:
        import lzma
    except ImportError:
        raise ManifestError(f"{name} is an .xz file, which this Python cannot read: unpack it with xz -d") from None
    try:
        reader = lzma.LZMADecompressor(memlimit=MAX_BYTES)
        inner = reader.decompress(data, max_length=MAX_BYTES + 1)
    except lzma.LZMAError as error:
        raise ManifestError(f"{name} is compressed, and cannot be read: {error}") from None
    _check_size(len(inner), f"{name}, decompressed,")
    if not reader.eof:
        raise ManifestError(f"{name} is compressed, and cannot be read: it is cut off")
    return inner


def _is_tar(data: bytes) -> bool:
    return data[257:262] == b"ustar"


def _tar(name: str, data: bytes) -> Iterator[Found]:
    """Yield the objects of a tar archive; links and devices are passed over."""
    import tarfile

    found = 0
    try:
        with tarfile.open(fileobj=io.BytesIO(data), mode="r:") as archive:
            for count, member in enumerate(archive, 1):
                _check_count(count, name)
                if not member.isreg() or not member.name.lower().endswith(ENDINGS):
                    continue
                file = archive.extractfile(member)
                if file is not None:
                    found += 1
                    yield from _lenient(member.name, file.read())
    except tarfile.TarError as error:
        raise ManifestError(f"{name} is an archive, and cannot be read: {error}") from None
    _check_members(found, name)


def _zip(name: str, data: bytes) -> Iterator[Found]:
    """Yield the objects of a zip archive; what is said of sizes is not believed."""
    import zipfile

    left, found = MAX_BYTES, 0
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            members = archive.infolist()
            _check_count(len(members), name)
            for member in members:
                regular = (member.external_attr >> 28) in (0, 8)
                if member.is_dir() or not regular or not member.filename.lower().endswith(ENDINGS):
                    continue
                with archive.open(member) as file:
                    text = file.read(left + 1)
                left -= len(text)
                found += 1
                if left < 0:
                    _check_size(MAX_BYTES + 1, f"{name}, decompressed,")
                yield from _lenient(member.filename, text)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, OSError, zlib.error, EOFError) as error:
        raise ManifestError(f"{name} is an archive, and cannot be read: {error}") from None
    _check_members(found, name)


def _check_members(found: int, name: str) -> None:
    if not found:
        raise ManifestError(f"{name} is an archive without a .json, .yaml or .yml file in it")


# -- texts ------------------------------------------------------------------------------------------------------------


def _text(name: str, data: bytes, path: str, *, strict: bool = True) -> Iterator[Found]:
    """Yield the objects of a text, JSON or YAML."""
    encoding = _encoding(data)
    try:
        text = data.decode(encoding)
    except UnicodeDecodeError:
        text = ""
    # Where zero bytes alone told the encoding, the text begins with two letters of ASCII, or it is no text.
    guessed = encoding not in ("utf-8-sig", "utf-16")
    if (data and not text) or (guessed and not text[:2].lstrip("\ufeff").isascii()):
        raise ManifestError(f"{name} is neither text nor an archive that is known")
    yield from _objects_of_text(name, text, path, strict=strict)


def _objects_of_text(name: str, text: str, path: str, *, strict: bool = True) -> Iterator[Found]:
    """Yield the objects of a text that is decoded."""
    start = text.lstrip("\ufeff \t\r\n")
    if not start:
        raise ManifestError(f"{name} is empty: {COMMAND} makes a dump")
    start, messages = without_messages(start)
    if not start.strip():
        raise ManifestError(f"{name} holds messages of kubectl, and no objects: {' '.join(messages)}")
    for message in messages:
        yield Found(message, MESSAGE, "", None)
    if start.startswith("<"):
        raise ManifestError(f"{name} is an HTML or XML page (a page to log in?), and no dump: {COMMAND} makes one")
    if re.match(r"(NAMESPACE +)?NAME +\S", start):
        raise ManifestError(f"{name} is the table that kubectl prints for people: add -o json to the command")
    values = _json_values(name, start) if start.startswith(("{", "[")) else _yaml_values(name, start)
    known = _kind_of_path(path)
    for value in values:
        if isinstance(value, ListInText):
            yield from _listed(value, name, known)
            continue
        for one in objects_of(value, name, known):
            if one.kind == "Status" and strict and one.value is not None:
                message = str(one.value.get("message") or one.value.get("reason") or "no message")
                raise ManifestError(f"{name} is a Status, an answer of the API server, and no dump: {message}")
            yield one
        if strict and isinstance(value, Mapping | list) and not value:
            what = "an empty object {}" if isinstance(value, Mapping) else "an empty list of items []"
            raise ManifestError(f"{name} holds {what}, and no dump: {COMMAND} makes one")
        if strict and isinstance(value, Mapping) and not {"kind", "items"} & set(value) and not known[1]:
            raise ManifestError(f"{name} holds an object without a kind, and no dump: {COMMAND} makes one")
        if strict and not isinstance(value, Mapping | list) and value is not None:
            raise ManifestError(f"{name} is no dump: an object or a list of objects is expected ({COMMAND})")


def _encoding(data: bytes) -> str:
    """Return the encoding of a text: PowerShell writes UTF-16 behind a ``>``."""
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") and data[2:4] != b"\x00\x00":
        return "utf-16"
    found = json.detect_encoding(data)
    return "utf-8-sig" if found in ("utf-8", "utf-8-sig") else found


LOGS = re.compile(r"(?ms)^==== START logs for .*?^==== END logs for [^\n]*$")
SPACE = re.compile(r"[\s,]*")


def _json_values(name: str, text: str) -> Iterator[Any]:
    """Yield the JSON texts of a file, one after the other; the logs in a cluster-info dump are passed over."""
    decoder, at = json.JSONDecoder(), 0
    if text.find("==== START logs for ") >= 0:
        text = LOGS.sub("", text)
    while at < len(text):
        listed = ListInText.begin(text, at)
        if listed is not None:
            yield listed
            at = SPACE.match(text, listed.end).end()  # type: ignore[union-attr]
            continue
        try:
            value, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError) as error:
            if at == 0 and text.startswith("{") and (read := _flow_yaml(text)) is not None:
                yield read
                return
            raise _no_json(name, error) from None
        yield value
        at = SPACE.match(text, at).end()  # type: ignore[union-attr]


def _no_json(name: str, error: Exception) -> ManifestError:
    if isinstance(error, json.JSONDecodeError) and breaks_off(error.doc, error.pos, error.msg):
        return CutOff(name, f"it is not JSON to its end (line {error.lineno})")
    reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
    return ManifestError(f"the dump is not JSON: {reason} ({name})")


def _flow_yaml(text: str) -> Any:
    """Return the YAML that begins like JSON, if it is that, and short."""
    try:
        value = yaml.load(text, Loader=_Loader) if len(text) < 100_000 else None
    except (yaml.YAMLError, RecursionError, ValueError):
        return None
    return value if isinstance(value, dict) and (value.get("kind") or "items" in value) else None


_Base: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class _Loader(_Base):  # type: ignore[misc]
    """YAML as kubectl writes it: a time stays a text."""


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in pairs if tag != "tag:yaml.org,2002:timestamp"]
    for first, pairs in _Base.yaml_implicit_resolvers.items()
}


def _yaml_values(name: str, text: str) -> Iterator[Any]:
    """Yield the documents of a YAML text."""
    if len(text) > MAX_YAML_BYTES:
        raise ManifestError(
            f"{name} is YAML of {len(text):,} characters; YAML above {MAX_YAML_BYTES:,} is not read, since it costs "
            f"about a second a megabyte. JSON is quick: {COMMAND}"
        )
    left, begun = len(text), len(re.findall(r"(?m)^apiVersion:", text))
    try:
        for value in yaml.load_all(text, Loader=_Loader):
            left = _visited(name, value, left)
            begun -= isinstance(value, dict) and "apiVersion" in value
            if is_cut_list(value):
                raise CutOff(name, "its list has no end (kind: List)")
            if value is not None:
                yield value
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        if isinstance(error, ManifestError):
            raise
        if yaml_breaks_off(text, error):
            raise CutOff(name, "it is not YAML to its end") from None
        problem = getattr(error, "problem", None) or type(error).__name__
        mark = getattr(error, "problem_mark", None)
        where = f" in line {mark.line + 1}" if mark else ""
        raise ManifestError(f"{name} is neither JSON nor YAML: {problem}{where}. {COMMAND} makes a dump") from None
    if begun > 0:  # where a key is given twice YAML takes the last one: the first list would be lost
        raise ManifestError(f"{name} holds several texts one after the other: write a line --- between them")


def _visited(name: str, value: Any, left: int) -> int:
    """Count the values of a document, which are no more than its characters unless aliases repeat them."""
    waiting = [value]
    while waiting:
        one = waiting.pop()
        left -= 1
        if left < 0:
            raise ManifestError(f"{name} repeats parts of itself by YAML aliases, which no dump of kubectl does")
        if isinstance(one, dict):
            waiting.extend(one.values())
        elif isinstance(one, list):
            waiting.extend(one)
    return left


# -- objects ----------------------------------------------------------------------------------------------------------


def _kind_of_path(path: str) -> tuple[str, str]:
    """Return apiVersion and kind that a file's name or folder tells; empty for none."""
    place = PurePosixPath(path.replace("\\", "/").lower())
    names = [place.name.split(".")[0], *reversed(place.parts[:-1])]
    return next((FOLDERS[name] for name in names if name in FOLDERS), ("", ""))


def objects_of(value: Any, where: str = "the dump", known: tuple[str, str] = ("", "")) -> Iterator[Found]:
    """Yield the objects of a parsed text: one object, a list of any form, an array."""
    if isinstance(value, list):
        yield from _entries(value, where, known)
        return
    if not isinstance(value, Mapping):
        return
    kind, version = value.get("kind"), value.get("apiVersion")
    entries = value.get("items")
    if "items" in value and (kind is None or str(kind).endswith("List")):
        inherited = _of_entries(kind, version, known)
        if entries is not None and not isinstance(entries, list):
            raise ManifestError("a dump is a JSON object with a list of items, as kubectl get -o json prints it")
        if inherited[1]:
            yield Found(where, inherited[1], inherited[0], None)
        yield from _entries(entries or [], where, inherited)
        return
    if isinstance(kind, str) and kind:
        yield Found(where, kind, str(version or known[0]), value)
    elif known[1] and isinstance(value.get("metadata"), Mapping):
        yield Found(where, known[1], known[0], {"apiVersion": known[0], "kind": known[1], **value})


def _of_entries(kind: Any, version: Any, known: tuple[str, str]) -> tuple[str, str]:
    """Return apiVersion and kind that the entries of a list have where they carry none."""
    of = str(kind or "").removesuffix("List")
    versions = [one for one, kinds in BUILT_IN.items() if of in kinds]
    # A list that was made by hand is a v1 one; what names a group is of that group, be it another's.
    named = isinstance(version, str) and ("/" in version or of in BUILT_IN.get(version, ()))
    told = version if named else next(iter(versions), "")
    return (str(told or version or ""), of) if of else known


def _entries(entries: Iterable[Any], where: str, known: tuple[str, str]) -> Iterator[Found]:
    """Yield the objects of a list; an entry without a kind has that of the list."""
    for number, entry in enumerate(entries):
        yield from _entry(number, entry, where, known)


def _entry(number: int, entry: Any, where: str, known: tuple[str, str], sound: bool = False) -> Iterable[Found]:
    """Return the object of an entry, or those of a list in it."""
    place = f"{where}, items[{number}]" if where != "the dump" else f"items[{number}]"
    if entry.__class__ is not dict and not isinstance(entry, Mapping):
        raise ManifestError(f"{place} is not an object")
    kind = entry.get("kind") or known[1]
    if isinstance(entry.get("items"), list) and (not kind or str(kind).endswith("List")):
        return objects_of(entry, where)
    version = str(entry.get("apiVersion") or known[0] or "")
    if entry.get("kind") is not kind or entry.get("apiVersion") is not version:
        entry = {**entry, "kind": kind, "apiVersion": version}
    return (Found(place, str(kind or ""), version, entry, sound),)


def _listed(listed: ListInText, where: str, known: tuple[str, str]) -> Iterator[Found]:
    """Yield the objects of a long list; the kind of those that carry none may be told behind it."""
    head = listed.head or {}
    told = listed.head is None or head.get("kind") is not None
    inherited = _of_entries(head.get("kind"), head.get("apiVersion"), known)
    if inherited[1] and listed.head is not None:
        yield Found(where, inherited[1], inherited[0], None)
    waiting: list[tuple[int, Any, bool]] = []
    try:
        for number, (entry, sound) in enumerate(listed):
            if told or (entry.__class__ is dict and entry.get("kind") and not waiting):
                yield from _entry(number, entry, where, inherited, sound)
            else:
                waiting.append((number, entry, sound))
    except ManifestError:
        raise
    except (ValueError, RecursionError) as error:
        raise _no_json(where, error) from None
    if "items" in listed.tail:
        raise ManifestError(f"{where} names items twice, which no dump of kubectl does")
    if told:
        return
    whole = {**head, **listed.tail}
    kind = whole.get("kind")
    if kind is not None and not str(kind).endswith("List"):
        yield from objects_of({**whole, "items": [entry for _, entry, _ in waiting]}, where, known)
        return
    inherited = _of_entries(kind, whole.get("apiVersion"), known)
    if inherited[1]:
        yield Found(where, inherited[1], inherited[0], None)
    for number, entry, sound in waiting:
        yield from _entry(number, entry, where, inherited, sound)
