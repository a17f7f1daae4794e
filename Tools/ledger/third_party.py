"""Lets other people's code judge a log and a payout tree that Glint wrote.

    python third_party.py FOLDER

FOLDER, as ThirdPartyTests writes it:
    key             the log's verifier key, as its users were told
    log/            the log
    heads/SIZE      checkpoints that were published before
    payout.json     a standard-v1 tree
    proofs.json     Glint's proof of every value of it

aics-tlog checks checkpoints, inclusion and consistency, then must refuse every file of the log with one byte changed.
multiproof must make the same tree and the same proofs. Prints one line of what was done; any disagreement is an error.
"""

import json
import pathlib
import random
import sys

import aics_tlog
from aics_tlog import tiles
from multiproof import StandardMerkleTree

INCLUSIONS = 100


class Disagreement(Exception):
    pass


def expect(holds, what):
    if not holds:
        raise Disagreement(what)


def head(note_bytes, key):
    """The head of a signed checkpoint; ValueError if it does not hold."""
    note = aics_tlog.parse_note(note_bytes.decode())
    result = aics_tlog.verify_checkpoint(note, key)
    if not result.log_ok:
        raise ValueError(result.error or "not signed by the log")
    return aics_tlog.parse_checkpoint(note.text)


def check_log(log, key, heads, randomly):
    current = heads[-1]
    reader = aics_tlog.FileSystemTileReader(log)
    report = aics_tlog.audit_tiles(reader, current.size, current.root)
    verified = aics_tlog.VerifiedTileReader(reader, current.size, current.root)
    for index in randomly.sample(range(current.size), INCLUSIONS):
        entry = tiles.read_entry(reader, index, current.size)
        proof = aics_tlog.inclusion_proof_from_tiles(reader, index, current.size)
        expect(
            aics_tlog.verify_inclusion(aics_tlog.leaf_hash(entry), index, current.size, proof, current.root),
            f"entry {index} is not included",
        )
        expect(verified.entry(index) == entry, f"entry {index} is another one")
    for old in heads[:-1]:
        proof = aics_tlog.consistency_proof_from_tiles(reader, old.size, current.size)
        expect(
            aics_tlog.verify_consistency(old.size, current.size, old.root, current.root, proof),
            f"heads of {old.size} and {current.size} entries are not consistent",
        )
    return report


def is_refused(path, name, log, key, text, heads):
    """Whether the file, which was changed, is refused by every head that needs it."""
    if name == "checkpoint":
        try:
            head(path.read_bytes(), key)
        except ValueError:
            return True
        return False
    if name == "key":
        return path.read_text(errors="replace").strip() != text
    if name.startswith("tile/entries/"):
        level, (index, width) = None, tiles.parse_entry_bundle_path(name)
    else:
        level, index, width = tiles.parse_tile_path(name)
    needed = False
    for tree in heads:
        expected = tiles.tile_width_at(tree.size, level or 0, index)
        if expected == -1 or expected != width:
            continue
        needed = True
        reader = aics_tlog.VerifiedTileReader(aics_tlog.FileSystemTileReader(log), tree.size, tree.root)
        try:
            if level is None:
                reader.read_entry_bundle(index, width)
            else:
                reader.read_tile(level, index, width)
            return False
        except aics_tlog.TileVerificationError:
            pass
    expect(needed, f"{name}: belongs to no published head")
    return True


def check_tampering(log, key, text, heads, randomly):
    """Changes one byte of every file, one after the other."""
    names = sorted(str(p.relative_to(log)) for p in log.rglob("*") if p.is_file() and not p.name.startswith("."))
    for name in names:
        path = log / name
        original = path.read_bytes()
        changed = bytearray(original)
        # The newline that ends the key's file says nothing.
        changed[randomly.randrange(len(changed) - (name == "key"))] ^= 1 << randomly.randrange(8)
        path.write_bytes(changed)
        refused = is_refused(path, name, log, key, text, heads)
        path.write_bytes(original)
        expect(refused, f"{name}: a changed byte was not noticed")
    return len(names)


def check_payouts(folder, randomly):
    dump = json.loads((folder / "payout.json").read_text())
    expect(dump["format"] == "standard-v1" and dump["leafEncoding"] == ["address", "uint256"], "form of payout.json")
    values = [[v["value"][0], int(v["value"][1])] for v in dump["values"]]
    tree = StandardMerkleTree.of(values, ["address", "uint256"])
    theirs = tree.to_json()
    expect(theirs["tree"] == dump["tree"], "another tree")
    expect([v["tree_index"] for v in theirs["values"]] == [v["treeIndex"] for v in dump["values"]], "other places")
    tree.validate()
    proofs = json.loads((folder / "proofs.json").read_text())
    for index in randomly.sample(range(len(values)), min(100, len(values))):
        expect(tree.get_proof(index) == proofs[index], f"another proof of value {index}")
        expect(StandardMerkleTree.verify(tree.root, ["address", "uint256"], values[index], proofs[index]), "proof")
    return len(values), tree.root


def main():
    folder = pathlib.Path(sys.argv[1])
    randomly = random.Random(1)
    text = (folder / "key").read_text().strip()
    key = aics_tlog.parse_vkey(text)
    log = folder / "log"
    heads = sorted((head(p.read_bytes(), key) for p in (folder / "heads").iterdir()), key=lambda h: h.size)
    heads.append(head((log / "checkpoint").read_bytes(), key))
    report = check_log(log, key, heads, randomly)
    files = check_tampering(log, key, text, heads, randomly)
    leaves, root = check_payouts(folder, randomly)
    print(
        f"aics-tlog {aics_tlog.__version__}: {report.size} entries, {report.tiles} tiles, {report.bundles} bundles, "
        f"{INCLUSIONS} inclusions, {len(heads) - 1} older heads; a byte changed in each of {files} files refused. "
        f"multiproof: {leaves} leaves, root {root[:10]}"
    )


if __name__ == "__main__":
    main()
