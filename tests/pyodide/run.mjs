// node run.mjs TREE SITE URL COMPRESSED: pytest in CPython 3.14 on WebAssembly, over the folders of
// this machine. URL is where an emulator listens, COMPRESSED where one does whose file is.
import { loadPyodide } from "pyodide";

const [tree, site, url, compressed] = process.argv.slice(2);
const python = await loadPyodide({
  env: { HOME: "/", EMULATOR: url, COMPRESSED: compressed, NO_COLOR: "1" },
});
python.mountNodeFS("/tree", tree);
python.mountNodeFS("/site", site);
// Asynchronous, as only then JavaScript can wait for an answer where Python waits for it.
process.exitCode = await python.runPythonAsync(`
import os, sys

sys.dont_write_bytecode = True
os.chdir("/tree")
# In site there is no mmh3, as there is no wheel of it on PyPI.
sys.path[:0] = ["/site", "/tree/tests/pyodide", "/tree"]
import pytest

# What conftest.py needs, sockets and a server in a thread, is not there.
pytest.main(["-q", "--noconftest", "-p", "no:cacheprovider", "-k", "not share_of_visitors",
             "tests/pyodide/inside.py", "tests/test_decision.py"])
`);
