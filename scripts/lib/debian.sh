# Debian packages, and single things out of a newer Debian suite, from the mirror that this machine already uses.
# shellcheck shell=bash
: "${root:=$PWD}" "${logs:=}"

# What a bare Debian 12 lacks. shellcheck and the clang tools serve the tests and the presets.
debian_packages() {
  local build='g++ make cmake ninja-build ccache git pkg-config file xz-utils ca-certificates python3-venv python3-pip help2man dpkg-dev'
  local check='clang clang-format clang-tidy libclang-rt-14-dev shellcheck libgtest-dev libgmock-dev libbenchmark-dev prometheus'
  local libraries='libhwloc-dev libprotobuf-dev protobuf-compiler libcli11-dev nlohmann-json3-dev libgraphviz-dev graphviz
    libssl-dev libglpk-dev libboost-dev libsimgrid-dev libgrpc++-dev prometheus-cpp-dev protobuf-compiler-grpc zlib1g-dev
    libsystemd-dev libspdlog-dev'
  [[ -n ${METIS_ROOT:-} ]] || libraries+=' libmetis-dev'
  # shellcheck disable=SC2086  # one word, one package
  printf '%s\n' $build $check $libraries
}

missing_packages() {
  local wanted
  mapfile -t wanted < <(debian_packages)
  dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null |
    sed -n 's/^installed //p' | sort -u | comm -13 - <(printf '%s\n' "${wanted[@]}" | sort -u)
}

ensure_packages() {
  local missing as_root=() log=$logs/apt.log
  mapfile -t missing < <(missing_packages)
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    may_use_sudo ||
      fail "Debian packages are missing and this user may not install them; run as root: apt-get install -y --no-install-recommends ${missing[*]}"
    as_root=(sudo -n)
  fi
  say "Debian packages: installing ${missing[*]}"
  logged 'Debian packages' "$log" _install "${as_root[@]}" -- "${missing[@]}" ||
    fail "Debian packages: $(what_went_wrong "$log") (details: ${log#"$root"/})"
  mapfile -t missing < <(missing_packages)
  ((!${#missing[@]})) || fail "Debian packages: apt-get did not install ${missing[*]} (details: ${log#"$root"/})"
}

# Asks for the password where there is somebody to ask.
may_use_sudo() { command -v sudo >/dev/null && { sudo -n true 2>/dev/null || { [[ -t 0 ]] && sudo -v; }; }; }

# _install <sudo...> -- <packages...>: with the package lists that are there, else with fresh ones.
_install() {
  local as_root=()
  while [[ $1 != -- ]]; do as_root+=("$1"); shift; done
  shift
  local apt=("${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=2)
  "${apt[@]}" install -y --no-install-recommends "$@" && return
  "${apt[@]}" update
  "${apt[@]}" install -y --no-install-recommends "$@"
}

# The archive of this machine's own Debian release: not its security updates, not anybody else's repository.
debian_mirror() {
  local codename
  codename=$(. /etc/os-release && printf '%s' "${VERSION_CODENAME:-}")
  # shellcheck disable=SC2016  # apt expands it
  apt-get indextargets --format '$(ORIGIN)|$(LABEL)|$(COMPONENT)|$(CODENAME)|$(REPO_URI)' 'Created-By: Packages' |
    awk -F '|' -v codename="$codename" '$1 == "Debian" && $2 == "Debian" && $3 == "main" && $4 == codename { print $5; exit }'
}

# use_suite <suite> <folder>: from here on, apt in this process sees that suite and nothing else, with state of its own.
use_suite() {
  local suite=$1 at=$2/apt-$1 mirror signed='' keys=/usr/share/keyrings/debian-archive-keyring.gpg
  unset APT_CONFIG
  mirror=$(debian_mirror)
  [[ -n $mirror ]] || reason "apt knows no archive of this Debian release; see that apt-get update works, then run it again"
  [[ ! -f $keys ]] || signed="[signed-by=$keys] "
  mkdir -p "$at/lists/partial" "$at/cache/archives/partial"
  printf '%s %s%s %s main\n' deb "$signed" "$mirror" "$suite" deb-src "$signed" "$mirror" "$suite" >"$at/sources.list"
  cat >"$at/apt.conf" <<-END
	Dir::Etc::SourceList "$at/sources.list";
	Dir::Etc::SourceParts "/dev/null";
	Dir::Etc::Preferences "/dev/null";
	Dir::Etc::PreferencesParts "/dev/null";
	Dir::State "$at";
	Dir::State::status "/var/lib/dpkg/status";
	Dir::Cache "$at/cache";
	Acquire::Languages "none";
	Acquire::Retries "2";
	Acquire::http::Timeout "30";
	Acquire::https::Timeout "30";
	APT::Sandbox::User "root";
	APT::Update::Error-Mode "any";
	END
  export APT_CONFIG=$at/apt.conf
  [[ -e $at/updated ]] || { apt-get update && touch "$at/updated"; }
}
