"""Show that Ua-Net learns the 28 organs of Tang 2019: draw synthetic patients, train for minutes, score unseen ones.

    python scripts/demonstrate_28_organs.py WORK

The recipe is head_neck_28_ua_net on voxels of 4 x 4 x 5 mm, with anchors fitted to them. Minutes are enough to find
the large organs; the small ones take the paper's voxels and epochs.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from rtcontour.datasets import read_datalist, read_image, read_labels
from rtcontour.evaluation import draw_contours
from rtcontour.files import bundle_root
from rtcontour.mask import Mask
from rtcontour.phantom import write_data_set

ROOT = Path(bundle_root())
PHANTOMS = {"training": 24, "validation": 2, "test": 6, "seed": 28}
COARSE = {"spacing_mm": (4.0, 4.0, 5.0), "columns_rows": (120, 80), "truth": True, "anatomy": "head_neck"}
CHANGES = {"name": "demonstration", "patch": [112, 80, 72], "epochs": 8}
STARTS = {"proposals": 0, "classes": 0.15, "masks": 0.25}
LARGE = ("Lobe_Temporal_L", "Lobe_Temporal_R", "Cavity_Oral", "Bone_Mandible", "Parotid_L", "Parotid_R", "Larynx")
BORDER = [2, 2, 2]  # 8 mm, as on the paper's voxels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("work", type=Path, help="folder that keeps the phantoms, the run and its scores")
    work = parser.parse_args().work.resolve()
    phantoms = work / "phantoms"
    if not phantoms.exists():
        write_data_set(phantoms, workers=2, **PHANTOMS, **COARSE)
    recipe = write_recipe(work, phantoms)
    monai("train", recipe, phantoms, "--output_dir", str(work / "run"))
    options = ["--checkpoint", str(work / "run" / "model.pt"), "--replace", "True"]
    monai("evaluate", recipe, phantoms, "--output_dir", str(work / "scores"), *options)
    print(table(json.loads((work / "scores" / "summary.json").read_text())))
    print(f"a patient in pictures: {draw(work, phantoms)}")


def write_recipe(work: Path, phantoms: Path) -> Path:
    """The shipped recipe with what the coarse voxels and the short time ask for."""
    said = json.loads((ROOT / "configs" / "recipes" / "head_neck_28_ua_net.json").read_text())["recipe"]
    said |= CHANGES
    said["network"]["border"] = BORDER
    said["handlers"][0]["starts"] = STARTS
    # A learning rate that ends at 0 lets the statistics of batch normalisation catch up with the weights.
    said["schedule"] = {
        "_target_": "torch.optim.lr_scheduler.PolynomialLR",
        "optimizer": "@optimizer",
        "total_iters": "@recipe::epochs",
        "power": 0.9,
    }
    recipe = work / "recipe.json"
    recipe.write_text(json.dumps({"recipe": said}))
    said["network"]["anchors"] = json.loads(monai("train", recipe, phantoms, "--run_id", "anchors").splitlines()[-1])
    recipe.write_text(json.dumps({"recipe": said}, indent=2))
    return recipe


def monai(story: str, recipe: Path, phantoms: Path, *options: str) -> str:
    """Run a story, pass on what it prints, and return it."""
    configs = f"['configs/{story}.json','{recipe}']"
    command = [sys.executable, "-u", "-m", "monai.bundle", "run", "--config_file", configs]
    command += ["--dataset_dir", str(phantoms), *options]
    said = []
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        for line in process.stdout or ():
            print(line, end="", flush=True)
            said.append(line)
    if process.returncode:
        sys.exit(process.returncode)
    return "".join(said)


def table(summary: dict[str, Any]) -> str:
    """Organs in Markdown, best Dice first."""
    organs = sorted(summary["structures"].items(), key=lambda item: -item[1]["dice"]["mean"])
    rows = [f"| {organ} | {one['dice']['mean']:.3f} | {one['dice']['median']:.3f} |" for organ, one in organs]
    return "\n".join(["| organ | mean Dice | median Dice |", "|---|---|---|", *rows])


def draw(work: Path, phantoms: Path) -> Path:
    """The first test phantom with the contours found and, dashed, the true ones; returns the PNG."""
    data = read_datalist(phantoms)
    case = data.split("test")[0]
    (hu, grid), (truth, _) = read_image(case.image), read_labels(case.label)
    path = work / "scores" / "predictions" / f"{case.case}.nii.gz"
    found, _ = read_labels(path)
    channels = json.loads((path.parent / "labels.json").read_text())
    masks = {organ: Mask.from_array(found == channels[organ], grid) for organ in LARGE}
    true = {organ: Mask.from_array(truth == data.labels[organ], grid) for organ in LARGE}
    return draw_contours(hu, grid, masks, work / "picture.png", truth=true, title=case.case, replace=True)


if __name__ == "__main__":
    main()
