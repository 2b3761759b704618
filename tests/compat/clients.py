"""Runs the commands of public clients against one gateway and looks at what they print: tests/compat/run."""

import concurrent.futures
import contextlib
import json
import os
import pathlib
import re
import shlex
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
TOOLS = pathlib.Path(os.environ["CALLBOARD_TEST_TOOLS"])
PATIENCE = 120

# What a shape says: a type, the value itself, an object with at least these, or a list of nothing but these.
PRESENCE = {"host": str, "version": str, "mode": str, "reason": str, "text": str, "ts": int}
SESSIONS = {"path": str, "count": int, "recent": [{"key": str, "updatedAt": int, "age": int}]}
HEALTH = {
    "ok": True,
    "ts": int,
    "durationMs": int,
    "channels": dict,
    "channelOrder": [str],
    "channelLabels": dict,
    "defaultAgentId": str,
    "agents": [{"agentId": str, "isDefault": bool, "heartbeat": dict, "sessions": SESSIONS}, 1],
    "sessions": SESSIONS,
}
STATUS = {
    "heartbeat": {"defaultAgentId": str, "agents": [{"agentId": str, "enabled": bool}, 1]},
    "channelSummary": [str],
    "queuedSystemEvents": [str],
    "sessions": {"paths": [str], "count": int, "defaults": dict, "recent": [dict], "byAgent": [{"agentId": str}]},
}
PROBE = {"ok": True, "targets": [{"connect": {"ok": True}, "self": {"host": str}, "health": HEALTH, "summary": STATUS}]}
CHANNELS = {"ts": int, "channelOrder": [str], "channelLabels": dict, "channels": dict, "channelAccounts": dict}
TURN = {"status": "ok", "summary": str, "result": {"payloads": [{"text": "hi there"}], "meta": {"durationMs": int}}}
JOB = {"id": str, "name": str, "enabled": bool, "schedule": dict, "sessionTarget": str, "payload": dict, "state": dict}
COSTS = {"input": int, "output": int, "cacheRead": int, "cacheWrite": int, "totalTokens": int, "missingCostEntries": int}
DAY = {"date": str, **COSTS}
NODE = {"nodeId": str, "paired": bool, "connected": bool}
DEVICES = {"pending": [{"requestId": str, "deviceId": str}], "paired": [{"deviceId": str, "roles": [str]}]}

CLIS = ["clawdbot", "openclaw"]
STRANGERS = ["clawdbot with a wrong token", "openclaw with a wrong token"]

# Who, the command line, its exit code, and what its output has to be: text to be found in it, or the shape of its JSON.
ROWS = [
    (CLIS, "gateway call health --json", 0, HEALTH),
    (CLIS, "gateway call status --json", 0, STATUS),
    (CLIS, "gateway call system-presence --json", 0, [PRESENCE, 1]),
    (CLIS, "gateway call nosuch.method", 1, r"Gateway call failed: .*unknown method: nosuch\.method"),
    (CLIS, "gateway health", 0, r"^OK \(\d+ms\)"),
    (CLIS, "gateway health --json", 0, HEALTH),
    (["clawdbot"], "gateway status", 0, r"^RPC probe: ok"),
    (["openclaw"], "gateway status", 0, r"^Gateway version: \S+(.|\n)*^Connectivity probe: ok\nCapability: (read|admin)-"),
    (CLIS, "gateway status --json", 0, {"rpc": {"ok": True}}),
    (["clawdbot"], "gateway probe", 0, r"Connect: ok .* RPC: ok\n *Gateway: \S+"),
    (["openclaw"], "gateway probe", 0, r"Connect: ok .* Read probe: ok\n *Gateway: \S+"),
    (CLIS, "gateway probe --json", 0, PROBE),
    (CLIS, "health", 0, r"^Agents: main \(default\)"),
    (CLIS, "health --json", 0, HEALTH),
    (CLIS, "status", 0, r"reachable \d+ms"),
    (CLIS, "status --json", 0, {"gateway": {"reachable": True, "self": {"host": str, "version": str}}}),
    (CLIS, "status --all", 0, r"reachable \d+ms"),
    (CLIS, "channels status", 0, r"^Gateway reachable\."),
    (CLIS, "channels status --json", 0, CHANNELS),
    (CLIS, "agent --message 'hi there' --session-id compat", 0, r"^hi there$"),
    (CLIS, "agent --message 'hi there' --agent main --json", 0, TURN),
    (CLIS, "cron list", 0, r"^(No cron jobs\.|No automations\.|ID +)"),
    (CLIS, "cron list --json", 0, {"jobs": [JOB]}),
    (CLIS, "logs --limit 5", 0, r"^Log file: .+\n.+"),
    (CLIS, "logs --limit 5 --json", 0, r'^\{"type":"meta","file":"(.|\n)*^\{"type":"log",.*"level":"\w+",'),
    (CLIS, "system presence", 0, [PRESENCE, 1]),
    (CLIS, "system presence --json", 0, [PRESENCE, 1]),
    (CLIS, "nodes status", 0, r"^Known: \d+ · Paired: \d+ · Connected: \d+"),
    (CLIS, "nodes status --json", 0, {"ts": int, "nodes": [NODE]}),
    # It comes with a device, which is paired by that.
    (["clawdbot"], "devices list", 0, r"^Paired \(\d+\)"),
    (["openclaw"], "devices list", 0, r"^(Paired \(\d+\)|No device pairing entries\.)"),
    (CLIS, "devices list --json", 0, DEVICES),
    (STRANGERS, "gateway call health", 1, r"unauthorized: gateway token mismatch"),
    (CLIS, "gateway usage-cost", 0, r"^Usage cost \(30 days\)\n.*tokens"),
    (CLIS, "gateway usage-cost --days 7 --json", 0, {"days": 7, "daily": [DAY], "totals": COSTS}),
    (["openai"], "openai_client.py", 0, r""),
    (["openai"], "openai_responses.py", 0, r""),
    (["openai"], "openai_tools.py", 0, r""),
]

# What a client prints where the gateway did not tell it something.
HOLES = re.compile(r"undefined|\bNaN\b|\[object Object\]")


class Client:
    """A public client with a home of its own, so that what it keeps of one command is there for the next."""

    def __init__(self, name: str, home: pathlib.Path, url: str, token: str) -> None:
        self.name, self.home = name, home
        program = name.split()[0]
        token = "wrong" if "wrong token" in name else token
        self.environment = {"PATH": os.environ["PATH"], "HOME": str(home), "NO_COLOR": "1"}
        if program == "openai":
            self.environment["PYTHONPATH"] = str(TOOLS / "python")
            self.line = lambda words: [sys.executable, HERE / words[0], url, token]
            return
        node, entry = {"clawdbot": ("node-22", "dist/entry.js"), "openclaw": ("node-24", "openclaw.mjs")}[program]
        start = [TOOLS / node / "node_modules/node/bin/node", TOOLS / program / "node_modules" / program / entry]
        self.line = lambda words: [*start, *words]
        # By the environment: some commands lose a --token.
        self.environment[f"{program.upper()}_GATEWAY_TOKEN"] = token
        port = int(url.rsplit(":", 1)[1])
        write_config(home / f".{program}" / f"{program}.json", {"gateway": {"mode": "local", "port": port}})

    def run(self, command: str, code: int, wanted) -> bool:
        """Runs one command, says how it went, and returns whether that was well."""
        began = time.monotonic()
        try:
            done = subprocess.run(
                self.line(shlex.split(command)),
                env=self.environment,
                cwd=self.home,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=PATIENCE,
            )
        except subprocess.TimeoutExpired:
            trouble, said = f"no end within {PATIENCE} s", ""
        else:
            trouble, said = judge(done, code, wanted), done.stdout + done.stderr
        report = f"{'FAILED' if trouble else 'ok':6} {time.monotonic() - began:5.1f} s  {self.name}: {command}"
        if trouble:
            report += f"\n       {trouble}\n" + "".join(f"       | {line}\n" for line in said.splitlines()[:60])
        print(report, flush=True)
        return not trouble


def judge(done: subprocess.CompletedProcess, code: int, wanted) -> str:
    """Returns what is wrong with a command's end, nothing if all is well."""
    if done.returncode != code:
        return f"exit code {done.returncode}, not {code}"
    said = done.stdout + done.stderr
    if hole := HOLES.search(said):
        return f"it printed {hole[0]!r}"
    if isinstance(wanted, str):
        return "" if re.search(wanted, said, re.MULTILINE) else f"nothing like {wanted!r}"
    try:
        return differs(json.loads(done.stdout), wanted, "$")
    except ValueError as error:
        return f"not JSON: {error}"


def differs(found, wanted, at: str) -> str:
    """Returns where JSON has not the wanted shape, nothing if it has."""
    if isinstance(wanted, type):
        # To Python a bool is an int too.
        return "" if type(found) is wanted else f"{at} is not of type {wanted.__name__}: {found!r}"
    if isinstance(wanted, dict) and isinstance(found, dict):
        parts = ((found.get(key), part, f"{at}.{key}") for key, part in wanted.items())
    elif isinstance(wanted, list) and isinstance(found, list):
        # A second entry says how many there are at the least.
        shape, least = wanted[0], wanted[1] if len(wanted) > 1 else 0
        if len(found) < least:
            return f"{at} has {len(found)} entries, not {least} or more"
        parts = ((item, shape, f"{at}[{place}]") for place, item in enumerate(found))
    else:
        return "" if found == wanted else f"{at} is {found!r}, not {wanted!r}"
    return next(filter(None, (differs(*part) for part in parts)), "")


@contextlib.contextmanager
def gateway(folder: pathlib.Path):
    """Yields URL and token: of the gateway that the environment names, else of one that runs meanwhile."""
    if "COMPAT_URL" in os.environ:
        yield os.environ["COMPAT_URL"].rstrip("/"), os.environ["COMPAT_TOKEN"]
        return
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE.parents[1] / "target"))
    program = os.environ.get("CALLBOARD_BIN", target / "debug/callboard")
    token = "token-of-the-tests-0123456789abcdef"
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    config = {"gateway": {"mode": "local", "port": port, "auth": {"token": token}}}
    write_config(folder / ".callboard/callboard.json", config)
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)}
    with open(folder / "output", "w") as output:
        streams = {"stdin": subprocess.DEVNULL, "stdout": output, "stderr": output}
        child = subprocess.Popen([program, "gateway"], env=environment, cwd=folder, **streams)
        try:
            url = f"http://127.0.0.1:{port}"
            if not ready(child, url, token):
                sys.exit(f"{program} did not become ready:\n{(folder / 'output').read_text()}")
            yield url, token
        finally:
            child.terminate()
            try:
                child.wait(timeout=60)
            except subprocess.TimeoutExpired:
                child.kill()
                raise


def ready(child: subprocess.Popen, url: str, token: str) -> bool:
    """Waits until a gateway takes requests; returns whether it ever does."""
    request = urllib.request.Request(f"{url}/readyz?scope=gateway", headers={"Authorization": f"Bearer {token}"})
    deadline = time.monotonic() + 30
    while child.poll() is None and time.monotonic() < deadline:
        with contextlib.suppress(OSError), urllib.request.urlopen(request, timeout=1):
            return True
        time.sleep(0.05)
    return False


def write_config(file: pathlib.Path, config: dict) -> None:
    file.parent.mkdir(parents=True, mode=0o700)
    file.write_text(json.dumps(config))
    file.chmod(0o600)


def main(texts: list[str]) -> None:
    rows = [(name, *row) for names, *row in ROWS for name in names]
    rows = [row for row in rows if not texts or any(text in f"{row[0]}: {row[1]}" for text in texts)]
    with tempfile.TemporaryDirectory() as folder, gateway(pathlib.Path(folder)) as (url, token):

        def all_of(name: str) -> list[bool]:
            home = pathlib.Path(folder) / "homes" / name
            home.mkdir(parents=True)
            client = Client(name, home, url, token)
            return [client.run(*row) for who, *row in rows if who == name]

        with concurrent.futures.ThreadPoolExecutor(max_workers=2) as pool:
            ends = sum(pool.map(all_of, dict.fromkeys(row[0] for row in rows)), [])
    print(f"{ends.count(True)} passed, {ends.count(False)} failed")
    sys.exit(0 if ends and all(ends) else 1)


if __name__ == "__main__":
    main(sys.argv[1:])
