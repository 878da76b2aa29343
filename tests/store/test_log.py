"""A log gives back what was put, or nothing: never a line that was changed, and never an older one in its place."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pidistill.records import Status, Verdict, content_hash
from pidistill.store.lines import pieces, seal, unseal
from pidistill.store.log import MAX_READERS, Log

K = [content_hash(n) for n in range(100)]


def verdict(text: str) -> Verdict:
    return Verdict(Status.FAIL, reason=text)


@given(st.binary(max_size=200).filter(lambda text: b"\n" not in text), st.data())
def test_a_line_is_read_exactly_when_it_is_what_was_sealed(rest: bytes, data: st.DataObject) -> None:
    line = seal(rest)
    assert unseal(line) == rest + b"\n"
    bits = data.draw(st.sets(st.integers(0, len(line) * 8 - 1), min_size=1, max_size=3))
    changed = bytearray(line)
    for bit in bits:
        changed[bit // 8] ^= 1 << bit % 8
    assert unseal(bytes(changed)) is None
    assert unseal(line[: data.draw(st.integers(0, len(line) - 1))]) is None


@given(st.binary(max_size=400))
def test_any_bytes_are_no_line_and_are_split_without_loss(stretch: bytes) -> None:
    assert unseal(stretch) is None
    assert b"".join(piece for _, piece in pieces(stretch)) == stretch
    assert all(stretch[start : start + len(piece)] == piece for start, piece in pieces(stretch))


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_whatever_is_done_to_a_segment_each_record_is_right_or_absent_and_named(
    quick_disk: Path, data: st.DataObject
) -> None:
    folder = Path(tempfile.mkdtemp(dir=quick_disk))
    with_all = {K[n]: verdict(f"number {n}") for n in range(8)}
    log = Log(folder, Verdict)
    log.put(with_all.items(), "cell")
    log.close()
    (segment,) = folder.glob("*.jsonl")
    text = segment.read_bytes()
    start = data.draw(st.integers(0, len(text)))
    end = data.draw(st.integers(start, min(len(text), start + 300)))
    segment.write_bytes(text[:start] + data.draw(st.binary(max_size=40)) + text[end:])
    again = Log(folder, Verdict)
    found = {entry.key: entry.record for entry in again.entries()}
    assert found.items() <= with_all.items()
    lines = text.splitlines(keepends=True)
    first, last = text[:start].count(b"\n"), text[:end].count(b"\n")
    untouched = {K[n] for n in range(len(lines)) if n < first or n > last}
    assert untouched <= set(found)
    whole = segment.read_bytes() == b"".join(line for line in lines if line in segment.read_bytes())
    assert len(found) == 8 or again.damage or whole


def test_a_damaged_newer_line_does_not_bring_back_an_older_one(tmp_path: Path) -> None:
    """A verdict was made anew with more time; then its line, or its key, is damaged."""
    for place in (b"PASS", K[0].encode()):
        root = tmp_path / place.decode()[:4]
        log = Log(root, Verdict, remade=True)
        log.put([(K[0], Verdict(Status.TIMEOUT, seconds=1))], "a")
        log.put([(K[0], Verdict(Status.PASS, 1.0, seconds=2))], "b")
        log.close()
        (segment,) = root.glob("*.jsonl")
        text = segment.read_bytes()
        at = text.rindex(place)
        segment.write_bytes(text[:at] + bytes([text[at] ^ 1]) + text[at + 1 :])
        again = Log(root, Verdict, remade=True)
        assert again.get(K[0]) is None and len(again.damage) == 1


def test_of_two_lines_the_later_counts_wherever_it_lies(tmp_path: Path) -> None:
    """Segments are named by their first line; a process that began early may write late."""
    early, late = Log(tmp_path, Verdict, remade=True), Log(tmp_path, Verdict, remade=True)
    early.put([(K[1], verdict("other"))], "a")
    time.sleep(0.002)
    late.put([(K[0], verdict("old"))], "b")
    time.sleep(0.002)
    early.refresh()
    early.put([(K[0], verdict("new"))], "a")
    for log in (early, Log(tmp_path, Verdict, remade=True)):
        entry = log.entry(K[0])
        assert entry is not None and (entry.record, entry.cell) == (verdict("new"), "a")
        assert log.duplicates == 0
    late.refresh()
    assert late.get(K[0]) == verdict("new")


def test_a_line_that_is_being_written_is_no_damage_and_one_that_nobody_ends_is(tmp_path: Path) -> None:
    writer = Log(tmp_path, Verdict)
    writer.put([(K[0], verdict("whole"))], "cell")
    (segment,) = tmp_path.glob("*.jsonl")
    with segment.open("ab") as file:
        file.write(b'{"sum":"')
    reader = Log(tmp_path, Verdict)
    assert reader.damage == [] and K[0] in reader
    writer.close()
    reader.refresh()
    reader.refresh()
    assert [(damage.file, damage.reason) for damage in reader.damage] == [(segment, "cut off")]


def test_a_wrong_shaped_record_is_named_when_it_is_read(tmp_path: Path) -> None:
    log = Log(tmp_path, Verdict)
    log.put([(K[0], verdict("right"))], "cell")
    log.close()
    (segment,) = tmp_path.glob("*.jsonl")
    rest = unseal(segment.read_bytes())
    assert rest is not None
    wrong = [
        rest.replace(b'"status":"FAIL"', b'"status":"MAYBE"'), rest.replace(b'"reason"', b'"raeson"'),
        rest.replace(b'"score":0.0', b'"score":1' + b"0" * 400), rest.replace(b'"record":', b'"records":'),
        rest.replace(b'"cell":"cell"', b'"cell":7'), rest.replace(b'"record":{', b'"record":['), rest[:-30],
    ]  # fmt: skip
    for text in wrong:
        segment.write_bytes(seal(text.rstrip(b"\n")))
        again = Log(tmp_path, Verdict)
        assert again.get(K[0]) is None
        assert len(again.damage) == 1 and again.damage[0].file == segment
        again.put([(K[0], verdict("right"))], "cell")
        assert again.get(K[0]) == verdict("right")
        again.close()
        for made in tmp_path.glob("*.jsonl"):
            if made != segment:
                made.unlink()


def test_a_segment_that_changes_or_goes_while_it_is_open_is_named(tmp_path: Path) -> None:
    log = Log(tmp_path, Verdict)
    log.put([(K[n], verdict(f"{n}")) for n in range(3)], "cell")
    (segment,) = tmp_path.glob("*.jsonl")
    reader = Log(tmp_path, Verdict)
    segment.write_bytes(segment.read_bytes().replace(b"FAIL", b"PASS", 1))
    assert reader.get(K[0]) is None and reader.get(K[1]) == verdict("1")
    other = Log(tmp_path, Verdict)
    segment.unlink()
    assert other.get(K[2]) is None and other.damage[-1].file == segment
    assert list(other.entries()) == []


def test_a_store_of_many_segments_keeps_few_of_them_open(tmp_path: Path) -> None:
    for number in range(MAX_READERS + 20):
        log = Log(tmp_path, Verdict)
        log.put([(K[number], verdict(str(number)))], "cell")
        log.close()
    log = Log(tmp_path, Verdict)
    for _ in range(2):
        assert [log.get(key) for key in K[: MAX_READERS + 20]] == [verdict(str(n)) for n in range(MAX_READERS + 20)]
    assert len(log._readers) <= MAX_READERS


def test_opening_200_000_lines_is_quick(quick_disk: Path) -> None:
    folder, made = quick_disk / "large", verdict("x" * 60)
    log = Log(folder, Verdict)
    for start in range(0, 200_000, 1000):
        log.put([(content_hash(n), made) for n in range(start, start + 1000)], "cell")
    log.close()
    start_s = time.process_time()
    assert len(Log(folder, Verdict)) == 200_000
    assert time.process_time() - start_s < 4
