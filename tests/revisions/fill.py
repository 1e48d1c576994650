"""Make the store of the newest revision: `python tests/revisions/fill.py` writes it beside this file, and its hash.

Another folder with the program's code in it may be given, such as one of an older commit. The store is filled by that
code's own command, and archived with everything in its home but the lock files.
"""

import hashlib
import os
import re
import sqlite3
import subprocess
import sys
import tarfile
from pathlib import Path
from tempfile import TemporaryDirectory

HERE = Path(__file__).resolve().parent
FILES = {
    "korbit_halts_2026-10-29.csv": (
        "haltId,scope,target,functions,trigger,automatic,detectedAt,haltedAt,resumedAt,noticeAt,affectedAccounts\n"
        "KO-H-20261029-01,asset,eth,deposit,maintenance,false,"
        "1793204985000,1793206785000,1793214405000,1793188785000,0\n"
    ),
    "korbit_halts_2026-10-30.csv": (
        "haltId,scope,target,functions,trigger,automatic,detectedAt,haltedAt,resumedAt,noticeAt,affectedAccounts\n"
        "KO-H-20261030-01,asset,xrp,deposit,maintenance,false,"
        "1793291385000,1793293185000,1793300805000,1793275185000,0\n"
    ),
    "korbit_halts_2026-10-31.csv": "day,scope\nneither,column is known\n",
}
"""Two that are accepted, of which the second is withdrawn, and one that is rejected."""
ACTS = (
    ("users", "add", "kim", "--role", "admin", "--generate"),
    ("tokens", "create", "--exchange", "korbit", "--name", "nightly"),
)
"""Done where the revision knows them."""


def fill(code: Path, target: Path) -> None:
    """Write the archive of a store that the code in a folder fills."""
    with TemporaryDirectory() as folder:
        home, filed = Path(folder, "home"), Path(folder, "filed")
        filed.mkdir()
        for name, text in FILES.items():
            (filed / name).write_text(text, "utf-8")
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(code), "DAXA_HOME": str(home)}

        def daxa(*words: str) -> str:
            program = "import sys; from app.cli import main; sys.exit(main())"
            done = subprocess.run(
                [sys.executable, "-c", program, *words], env=environment, cwd=filed, capture_output=True, text=True
            )
            if done.returncode not in (0, 1):
                raise RuntimeError(f"daxa {' '.join(words)}: {done.stderr}")
            return done.stdout

        daxa("ingest", *FILES)
        found = re.findall(r'"submission": "([^"]+)".*', daxa("submissions", "--json"))
        named = {line: number for number, line in zip(found, daxa("submissions", "--json").splitlines(), strict=True)}
        (second,) = [number for line, number in named.items() if "2026-10-30" in line]
        daxa("withdraw", second, "--reason", "filed by mistake")
        for act in ACTS:
            try:
                daxa(*act)
            except RuntimeError as error:
                print(f"left out: {error}")
        with sqlite3.connect(home / "daxa.sqlite") as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        connection.close()
        with tarfile.open(target, "w:xz") as archive:
            for path in sorted(home.rglob("*")):
                if path.is_file() and not path.name.endswith((".lock", "-wal", "-shm")):
                    archive.add(path, str(path.relative_to(home)))


def newest(code: Path) -> str:
    """The newest revision of the code in a folder."""
    return max(path.name[:4] for path in (code / "etl/migrations/versions").glob("0*.py"))


def list_hashes() -> None:
    """Add the migrations that are not listed yet; those that are stay as they were listed."""
    sums = HERE / "SHA256SUMS"
    listed = sums.read_text("ascii")
    for path in sorted((HERE.parent.parent / "etl/migrations/versions").glob("0*.py")):
        if f"  {path.name}\n" not in listed:
            listed += f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n"
    sums.write_text(listed, "ascii")


if __name__ == "__main__":
    given = Path(sys.argv[1] if len(sys.argv) > 1 else HERE.parent.parent).resolve()
    fill(given, HERE / f"{sys.argv[2] if len(sys.argv) > 2 else newest(given)}.tar.xz")
    list_hashes()
