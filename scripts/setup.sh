# Sourced by `run` and `test` from the repository's root: brings what is missing, each thing once.
#
#   system packages  FluidSynth's library, sound fonts, git; through apt on Debian and Ubuntu, nothing elsewhere
#   .venv            the newest Python from 3.11 on, or the one that REPRISE_PYTHON names
#   requirements     from whatever index pip is configured for (PIP_* variables, pip.conf)
#
# macOS has not been run: there `set_up` names the Homebrew packages and goes on once they are found.
# POSIX sh; messages go to stderr, so that stdout stays dvc's.

venv=.venv
stamp=$venv/.installed # made last: a .venv without it was never finished

# Debian package, then the places where a system may keep its file. src/reprise/audio/fonts.py knows the checksums.
fonts='
fluid-soundfont-gm /usr/share/sounds/sf2/FluidR3_GM.sf2 /usr/share/soundfonts/FluidR3_GM.sf2
musescore-general-soundfont-small /usr/share/sounds/sf3/MuseScore_General_Lite.sf3
denemo-data /usr/share/sounds/sf2/A320U.sf2
'

say() { printf '%s\n' "-- $*" >&2; }

fail() {
    printf '%s\n' "error: $*" >&2
    exit 1
}

has() { command -v "$1" >/dev/null 2>&1; }

set_up() {
    [ -e .git ] || fail "this folder is no git repository; get it with 'git clone', since dvc compares commits"
    bring_system_packages
    bring_venv
    PATH=$PWD/$venv/bin:$PATH
    DVC_NO_ANALYTICS=1
    export PATH DVC_NO_ANALYTICS
}

# --- what only the system can provide

bring_system_packages() {
    missing=$(missing_packages)
    [ -n "$missing" ] || return 0
    has apt-get || fail "missing: $missing. $(how_without_apt)"
    install="apt-get update && apt-get install -y --no-install-recommends $missing"
    if [ "$(id -u)" = 0 ]; then
        say "installing system packages: $missing"
        as_root=
    elif has sudo && sudo -n true 2>/dev/null; then
        say "installing system packages with sudo: $missing"
        as_root=sudo
    else
        fail "system packages are missing; an administrator must run once: sudo sh -c '$install'"
    fi
    $as_root sh -c "export DEBIAN_FRONTEND=noninteractive; $install" >&2 || fail "apt-get failed: $install"
    missing=$(missing_packages)
    [ -z "$missing" ] || fail "apt-get ran, but these are still not found: $missing"
}

# Debian names of what is missing, on one line.
missing_packages() {
    list=
    has git || list="$list git"
    has_fluidsynth || list="$list libfluidsynth3"
    while read -r package files; do
        [ -z "$package" ] || has_font "$files" || list="$list $package"
    done <<END
$fonts
END
    if [ ! -f "$stamp" ] && [ -z "$(find_python 'import ensurepip, venv')" ]; then
        python=$(find_python '')
        [ -n "$python" ] || fail "no Python 3.11 or newer is installed (Debian 12 and Ubuntu 24.04 have one:" \
            "apt-get install python3 python3-venv); another one can be named in REPRISE_PYTHON"
        list="$list $("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
    fi
    printf '%s\n' "${list# }"
}

has_fluidsynth() {
    (PATH=$PATH:/sbin:/usr/sbin && ldconfig -p 2>/dev/null) | grep -q 'libfluidsynth\.so' && return 0
    for library in /opt/homebrew/lib/libfluidsynth*.dylib /usr/local/lib/libfluidsynth*.dylib; do
        [ ! -e "$library" ] || return 0
    done
    return 1
}

# Is a font in one of its places, or in the folder that REPRISE_FONTS names?
has_font() {
    for file in $1; do
        [ ! -f "$file" ] || return 0
        [ ! -f "${REPRISE_FONTS:-/nonexistent}/${file##*/}" ] || return 0
    done
    return 1
}

how_without_apt() {
    case $(uname -s) in
    Darwin) echo "On macOS (not tried): brew install git fluid-synth python@3.13" ;;
    *) echo "They are Debian's names; install your system's equivalents" ;;
    esac
    echo "and put the sound fonts (.sf2, .sf3) into a folder named in REPRISE_FONTS."
}

# find_python IMPORT: the newest Python from 3.11 on that can run IMPORT; prints nothing when there is none.
find_python() {
    for candidate in ${REPRISE_PYTHON:-python3.14 python3.13 python3.12 python3.11 python3}; do
        if has "$candidate" && "$candidate" -c "import sys; sys.exit(sys.version_info < (3, 11)); " 2>/dev/null &&
            "$candidate" -c "$1" 2>/dev/null; then
            command -v "$candidate"
            return
        fi
    done
}

# --- Python packages

# What the installation depends on: the pins, the package, and where it lies (the package is installed in place). The
# tables of tools in pyproject.toml change nothing that is installed.
installed_state() {
    { cat requirements.txt requirements/*.txt && sed '/^\[tool\./,$d' pyproject.toml; } | cksum
    pwd
}

bring_venv() {
    state=$(installed_state)
    if [ -f "$stamp" ] && ! "$venv/bin/python" -c '' 2>/dev/null; then
        say "the Python of $venv is gone: making it again"
        rm -rf "$venv"
    elif [ -f "$stamp" ] && [ "$(tail -n 1 "$stamp")" != "$PWD" ]; then
        say "$venv was made in another folder: making it again"
        rm -rf "$venv"
    fi
    [ ! -f "$stamp" ] || [ "$(cat "$stamp")" != "$state" ] || return 0
    if [ ! -f "$stamp" ]; then
        python=$(find_python 'import ensurepip, venv')
        [ -n "$python" ] || fail "no Python 3.11 or newer that can make a virtual environment is found"
        say "making $venv with $("$python" -V 2>&1)"
        rm -rf "$venv"
        "$python" -m venv "$venv" || fail "$python could not make $venv"
    fi
    say "installing the packages of requirements.txt into $venv (the first time this takes minutes)"
    pip install -r requirements.txt
    say "installing reprise itself, in place"
    pip install --quiet --no-deps --editable .
    printf '%s\n' "$state" >"$stamp"
}

pip() {
    "$venv/bin/python" -m pip --disable-pip-version-check "$@" >&2 ||
        fail "pip failed (above is why); run this again to go on"
}
