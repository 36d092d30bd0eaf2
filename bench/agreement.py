"""Does the model agree with the network? States made on packets, in slices, with a count of those that disagree.

    python bench/agreement.py [FILE …] [--first N] [--within SECONDS] [--samples N]

Every single failure first, in alphabetical order from the ``--first`` on, then random states of two with the seed
20261128; it stops beginning new ones of a file after ``--within`` seconds, and says where to go on.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

from stand import Clients, Service, report, service, until
from trunkline.cli.commands.whatif import drawn_from
from trunkline.cli.progress import Progress
from trunkline.cli.whatif_verify import Prediction, Trial, Verifier

HERE = Path(__file__).resolve().parent
FILES = (HERE / "agreement.yaml", *(HERE.parent / "examples" / name for name in ("global.yaml", "estate.yaml")))
SEED = 20261128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", type=Path, nargs="*", default=FILES)
    parser.add_argument("--first", type=int, default=0)
    parser.add_argument("--within", type=float, default=120)
    parser.add_argument("--samples", type=int, default=45)
    given = parser.parse_args()
    for file in given.files:
        with service() as (running, clients):
            running.trunkline("apply", str(file))
            tried(given, file, running, clients)


def tried(given: argparse.Namespace, file: Path, running: Service, clients: Clients) -> None:
    verifier, began = Verifier(clients, running.instance.settings.places), time.monotonic()
    singles = verifier.failable()
    states = verifier.predicted(drawn_from(singles, samples=given.samples, each=True, at_once=2, seed=SEED)[0])
    whole, = verifier.predicted([()])
    until(lambda: not tell(whole, verifier).disagreements, 60, "all pairs to be connected while nothing fails")
    trials: list[Trial] = []
    for state in states[given.first:]:
        if time.monotonic() - began > given.within:
            break
        trials.append(tell(state, verifier))
    for line in (line for trial in trials for line in trial.disagreements):
        print(line)
    report("agreement", {
        "file": file.name, "pairs": len(whole.fates), "single_failures": len(singles),
        "states_of_one": sum(len(one.state.failures) == 1 for one in trials),
        "states_of_two": sum(len(one.state.failures) == 2 for one in trials), "next": given.first + len(trials),
        "of": len(states), "compared": sum(len(one.wrong) for one in trials),
        "disagreements": sum(bool(said) for one in trials for said in one.wrong),
        "not_tried": sum(bool(one.problem) for one in trials), "left": len(verifier.left)})


def tell(state: Prediction, verifier: Verifier) -> Trial:
    with Progress().step(state.name) as step:
        trial = verifier.tried(state, step.waiting)
        step.note = "DISAGREES" if trial.disagreements else "agrees"
    return trial


if __name__ == "__main__":
    main()
