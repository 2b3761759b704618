# Sourced by the scripts here: where the tests' tools are kept, and how what is missing is installed.

tools="${CALLBOARD_TEST_TOOLS:-${XDG_CACHE_HOME:-$HOME/.cache}/callboard/test-tools}"
mkdir -p "$tools"
export CALLBOARD_TEST_TOOLS="$tools"

# Installs Debian packages, given as PROGRAM:PACKAGE, for the programs that are not there.
need() {
  local missing=() pair
  for pair in "$@"; do
    command -v "${pair%%:*}" >/dev/null || [ -x "/usr/sbin/${pair%%:*}" ] || missing+=("${pair#*:}")
  done
  python3 -m pip --version >/dev/null 2>&1 || missing+=(python3-pip)
  [ ${#missing[@]} -gt 0 ] || return 0
  local as_root=""; [ "$(id -u)" -eq 0 ] || as_root="sudo"
  $as_root apt-get update -qq
  # The tests start brokers of their own; a packaged service must not take a port.
  $as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

# Installs a public client of the OpenAI API, unmodified.
openai_client() {
  local version=3.52.0
  [ ! -e "$tools/python/.openai-$version" ] || return 0
  rm -rf "$tools/python"
  python3 -m pip install --quiet --disable-pip-version-check --target "$tools/python" "openai==$version"
  touch "$tools/python/.openai-$version"
}

# Installs the reference server of the Model Context Protocol, unmodified.
mcp_server() {
  local version=2026.8.31
  [ ! -e "$tools/mcp/.everything-$version" ] || return 0
  rm -rf "$tools/mcp"
  mkdir -p "$tools/mcp"
  npm install --silent --no-audit --no-fund --no-save --prefix "$tools/mcp" "@modelcontextprotocol/server-everything@$version"
  touch "$tools/mcp/.everything-$version"
}

# Installs public clients of Rocket.Chat, one of its REST interface and one of its realtime interface, unmodified.
rocketchat_clients() {
  local rest=3.7.1 realtime=4.3.0
  [ ! -e "$tools/rocketchat/.rest-$rest-realtime-$realtime" ] || return 0
  rm -rf "$tools/rocketchat"
  python3 -m pip install --quiet --disable-pip-version-check --target "$tools/rocketchat" \
    "rocketchat-API==$rest" "rocketchat-async==$realtime"
  touch "$tools/rocketchat/.rest-$rest-realtime-$realtime"
}

# Installs the server of Socket.IO with its MessagePack parser and its own client, unmodified, and a client in Python.
socketio_server() {
  local server=4.8.4 parser=3.0.2 python=5.18.1
  [ ! -e "$tools/socketio/.server-$server-parser-$parser-python-$python" ] || return 0
  rm -rf "$tools/socketio"
  mkdir -p "$tools/socketio"
  npm install --silent --no-audit --no-fund --no-save --prefix "$tools/socketio" \
    "socket.io@$server" "socket.io-client@$server" "socket.io-msgpack-parser@$parser"
  python3 -m pip install --quiet --disable-pip-version-check --target "$tools/socketio/python" \
    "python-socketio[asyncio-client]==$python" msgpack==1.2.4
  touch "$tools/socketio/.server-$server-parser-$parser-python-$python"
}
