"""A decision with nothing on the path but the standard library and one folder, as in a layer of AWS
Lambda.

    python -E -S tests/packaging/layer.py FOLDER BUCKETING_FILE

``FOLDER`` is what ``pip install --target FOLDER flagship`` has made. It prints the flags of one
visitor.
"""
from __future__ import print_function

import os
import sys

folder, path = [os.path.abspath(each) for each in sys.argv[1:]]
sys.path[0] = folder

import flagship  # noqa: E402
from flagship.emulator import Emulator  # noqa: E402

assert os.path.abspath(flagship.__file__).startswith(folder + os.sep), flagship.__file__
with Emulator(path) as emulator, flagship.Flagship.instance() as started:
    started.start(emulator.env_id, emulator.api_key, flagship.Config(
        mode=flagship.Config.Mode.BUCKETING, bucketing_file=None, polling_interval=0,
        **emulator.urls))
    visitor = started.create_visitor("ann", context={"country": "FR", "vip": True})
    assert visitor.synchronize_modifications() == (True, "")
    print(", ".join("%s=%s" % (key, each.value)
                    for key, each in sorted(visitor.modifications.items())))
    assert visitor.modifications
