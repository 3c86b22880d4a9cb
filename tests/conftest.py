"""A tiny patient, and what can be made of one: a data set, a DICOM series, a checkpoint."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import hypothesis
import numpy as np
import pytest

from rtcontour.grid import Grid

hypothesis.settings.register_profile("untimed", deadline=None)  # a busy machine is no failure
hypothesis.settings.load_profile("untimed")

GRID = Grid((40, 32, 20), (2.0, 2.5, 4.0), (-39.0, -38.75, 100.0))
STRUCTURES = ["Bladder", "Rectum"]
PATCH = [24, 16, 12]
WINDOW_HU = [-800, 800]


def draw_patient(seed=0, grid=GRID):
    """HU and label map: an ellipse of soft tissue in air, Bladder (1) and Rectum (2) in it, brighter and darker."""
    random = np.random.default_rng(seed)
    i, j, k = np.indices(grid.shape)
    middle = np.array(grid.shape) / 2 + random.uniform(-1, 1, 3)
    body = ((i - middle[0]) / 16) ** 2 + ((j - middle[1]) / 12) ** 2 < 1
    bladder = ((i - middle[0]) / 6) ** 2 + ((j - middle[1] + 4) / 4) ** 2 + ((k - middle[2]) / 6) ** 2 < 1
    rectum = (((i - middle[0]) / 4) ** 2 + ((j - middle[1] - 6) / 3) ** 2 < 1) & (abs(k - middle[2]) < 7)
    hu = np.full(grid.shape, -1000, np.int16, order="F")
    labels = np.zeros(grid.shape, np.uint8, order="F")
    hu[body], hu[bladder], hu[rectum] = 40, 300, -300
    labels[bladder], labels[rectum] = 1, 2
    return hu + random.integers(-20, 20, grid.shape).astype(np.int16), labels


@pytest.fixture(scope="session")
def tiny_grid():
    return GRID


@pytest.fixture(scope="session")
def tiny_structures():
    return list(STRUCTURES)


@pytest.fixture(scope="session")
def tiny_patch():
    return list(PATCH)


@pytest.fixture(scope="session")
def tiny_patient():
    """Gives (hu, labels) for a seed."""
    return draw_patient


@pytest.fixture(scope="session")
def write_tiny_data_set():
    """Writes a data set of 2 + 1 + 1 cases to a folder; nobody contoured the rectum of case c2."""
    from rtcontour.datasets import write_image, write_labels

    def write(folder):
        content = {"name": "tiny", "labels": {"background": 0, "Bladder": 1, "Rectum": 2}}
        splits = {"c1": "training", "c2": "training", "c3": "validation", "c4": "test"}
        for seed, (case, split) in enumerate(splits.items()):
            hu, labels = draw_patient(seed)
            annotated = STRUCTURES
            if case == "c2":
                labels[labels == 2], annotated = 0, ["Bladder"]
            files = {"image": f"images/{case}.nii.gz", "label": f"labels/{case}.nii.gz"}
            write_image(folder / files["image"], hu, GRID)
            write_labels(folder / files["label"], labels, GRID)
            content.setdefault(split, []).append({"case": case, "patient": case, **files, "annotated": annotated})
        (folder / "datalist.json").write_text(json.dumps(content))
        return folder

    return write


@pytest.fixture(scope="session")
def tiny_data_set(tmp_path_factory, write_tiny_data_set):
    """That data set; read it, never change it."""
    return write_tiny_data_set(tmp_path_factory.mktemp("data_set"))


@pytest.fixture(scope="session")
def tiny_ct(tmp_path_factory):
    """A folder with the DICOM series of the patient of seed 0; read it, never change it."""
    from rtcontour.dicom import write_ct_series

    folder = tmp_path_factory.mktemp("tiny_ct") / "ct"
    write_ct_series(folder, draw_patient()[0], GRID, seed=1)
    return folder


@pytest.fixture(scope="session")
def write_tiny_checkpoint():
    """Writes a checkpoint of random weights for the tiny structures, or for others."""
    import torch

    from rtcontour.networks import RecomiaFCN
    from rtcontour.training import ModelDescription, save_checkpoint

    def write(path, structures=STRUCTURES, size="cpu", patch=PATCH):
        torch.manual_seed(0)
        network = RecomiaFCN(classes=1 + len(structures), size=size)
        description = ModelDescription.of(
            network,
            recipe="tiny",
            structures=structures,
            window_hu=WINDOW_HU,
            spacing_mm=None,
            patch=patch,
            tile=patch,
            postprocessing={"connectivity": 26},
        )
        save_checkpoint(path, {"model": network, "rtcontour": description})
        return path

    return write


@pytest.fixture(scope="session")
def tiny_checkpoint(tmp_path_factory, write_tiny_checkpoint):
    """Such a checkpoint; read it, never change it."""
    return write_tiny_checkpoint(tmp_path_factory.mktemp("checkpoint") / "tiny.pt")


@pytest.fixture(scope="session")
def dciodvfy_errors():
    """Errors that the validator dciodvfy (Debian package dicom3tools) finds in a file."""
    if shutil.which("dciodvfy") is None:
        pytest.skip("dciodvfy (package dicom3tools) is not installed")

    def errors(path) -> list[str]:
        said = subprocess.run(["dciodvfy", str(path)], capture_output=True, text=True, check=False).stderr
        return [line for line in said.splitlines() if line.startswith("Error")]

    return errors


@pytest.fixture
def browser(tmp_path):
    """Headless Chromium that saves to `tmp_path`/downloads."""
    pytest.importorskip("selenium", reason="selenium is not installed")
    from selenium import webdriver

    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if chromium is None or driver is None:
        pytest.skip("chromium or chromedriver (package chromium-driver) is not installed")
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1400,900"):
        options.add_argument(argument)
    downloads = tmp_path / "downloads"
    options.add_experimental_option("prefs", {"download.default_directory": str(downloads)})
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))
    chrome.set_page_load_timeout(30)
    yield chrome
    chrome.quit()


@pytest.fixture
def start_script(tmp_path):
    """A function that starts a Python script in a process group of its own, which ends with the test at the latest."""
    started = []

    def start(source, *arguments):
        path = tmp_path / f"script_{len(started)}.py"
        path.write_text(source)
        command = [sys.executable, str(path), *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        started.append(subprocess.Popen(command, start_new_session=True, **pipes))
        return started[-1]

    yield start
    for script in started:
        with suppress(ProcessLookupError):
            os.killpg(script.pid, signal.SIGKILL)
        script.communicate()


@pytest.fixture
def all_end():
    """A function that tells whether every process of a group ends; one that nobody waited for has."""
    if not Path("/proc/self/stat").exists():
        pytest.skip("looks at /proc")

    def states(group):
        for path in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # it ended meanwhile
                state = path.read_text().rpartition(")")[2].split()
                yield int(state[2]) == group and state[0] not in "ZX"

    def ends(group, seconds=10):
        deadline = time.monotonic() + seconds
        while any(states(group)) and time.monotonic() < deadline:
            time.sleep(0.05)
        return not any(states(group))

    return ends


class Page:
    """A page of ours opened in the browser, once its script says that it is ready."""

    def __init__(self, browser, path):
        self.browser = browser
        browser.get(path.as_uri())
        self.wait(lambda: self.run("return document.body.dataset.ready") == "yes")

    def wait(self, holds, seconds=60):
        end = time.monotonic() + seconds
        while not holds():
            assert time.monotonic() < end, "waited in vain"
            time.sleep(0.05)

    def run(self, script, *arguments):
        return self.browser.execute_script(script, *arguments)

    def one(self, selector):
        return self.browser.find_element("css selector", selector)

    def all(self, selector):
        return self.browser.find_elements("css selector", selector)

    def press(self, *keys):
        for key in keys:
            self.browser.switch_to.active_element.send_keys(key)

    def errors(self):
        return [entry for entry in self.browser.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


@pytest.fixture
def open_page(browser):
    """Opens the page at a path."""
    return lambda path: Page(browser, path)
