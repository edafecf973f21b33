"""The workspace that unmodified programs carry in their source: its ids, keys and storage, as a workspace folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from amlemulator import samples

EXPERIMENTS = Path(samples.__file__).parent / "experiments"
MODELS = Path(samples.__file__).parent / "models"
FOLDER = """\
version: 1
name: Census
region: South Central US
id: c0ffee00c0ffee00c0ffee00c0ffee01
token: ImXaughy/DrvFp0Hk2XlkPDLyO1GwqeYTIpkKAPP2Wy0eASmPPIqefbKRpJowp7p5ypQWbYtClmP5C38jcxRvA==
storage:
  account: retrainstore
  key: da7a0pVMABMtEhyWAjlaxgEGSw7NCpbIWbFsCRGagRgGTbPV/cVE9ZVqK0Uz8CGe5YI4Az6+w2Dw7AS19fJDMA==
services:
  - name: Census Model
    experiment: experiments/census-model.yaml
    endpoints:
      - name: default
        id: 7a117a117a117a117a117a117a117a11
        primary_key: GcH4lVH+Jre1kg7u0xs9rTiV/W3o9TtPJjOuUCJuYmnNjwEjjcL3jlRkeqFAm/UBbfQhVc03A+bpPV5Cdg5Qcw==
  - name: Census Model [Predictive Exp.]
    id: 5c0e5c0e5c0e5c0e5c0e5c0e5c0e5c0e
    experiment: experiments/census-model-predictive.yaml
    models: {"Census Model [trained model]": models/census-model.ilearner}
    endpoints:
      - name: default
        id: 5c025c025c025c025c025c025c025c02
        primary_key: pBVbRfHn+MBad/plSv6B6BMY2gG/cCeJhyvrVpdH5Oz+Vd8+lTbMdDO/M5DO1bugopzSDMcwmMUW9tji1iwruQ==
blobs: blobs
"""


def carried(folder: Path) -> Path:
    """Write the workspace folder."""
    for name in ("census-model", "census-model-predictive"):
        (folder / "experiments").mkdir(parents=True, exist_ok=True)
        shutil.copy(EXPERIMENTS / f"{name}.yaml", folder / "experiments")
    (folder / "models").mkdir()
    shutil.copy(MODELS / "census-model.ilearner", folder / "models")
    (folder / "blobs" / "retrainstore" / "retraining").mkdir(parents=True)
    (folder / "workspace.yaml").write_text(FOLDER, "utf-8")
    return folder
