#!/usr/bin/env bash
# Installs a Vulkan driver that runs on the CPU (Mesa's lavapipe), so that WebGPU can be tested without a GPU.
# Does nothing where a driver is there already. Debian 12's own is too old for Dawn: there it comes from
# backports, from the mirror that the machine uses anyway.
set -euo pipefail

# Debian 12 ships Mesa 22.3.
mesa="$(dpkg-query -W -f '${Version}' mesa-vulkan-drivers 2>/dev/null || true)"
is_old=false
if [[ -n $mesa ]] && dpkg --compare-versions "$mesa" lt 23; then is_old=true; fi

if [[ $is_old == false ]] && { compgen -G '/usr/share/vulkan/icd.d/*.json' >/dev/null || compgen -G '/etc/vulkan/icd.d/*.json' >/dev/null; }; then
  exit 0
fi
if ! command -v apt-get >/dev/null; then
  echo 'no apt-get here: install a Vulkan driver by hand (mesa-vulkan-drivers)' >&2
  exit 1
fi

as_root=()
if [[ $(id -u) -ne 0 ]]; then as_root=(sudo); fi

release=()
# shellcheck source=/dev/null
codename="$(. /etc/os-release && echo "${VERSION_CODENAME:-}")"
if [[ $codename == bookworm ]]; then
  suite=bookworm-backports
  mirror="$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.list /etc/apt/sources.list.d/*.sources 2>/dev/null |
    sed -nE 's/^(URIs:|deb( \[[^]]*\])?) +([^ ]*\/debian\/?)( .*)?$/\3/p' | head -n 1)"
  if [[ -z $mirror ]]; then
    echo 'found no Debian mirror in /etc/apt' >&2
    exit 1
  fi
  printf 'Types: deb\nURIs: %s\nSuites: %s\nComponents: main\nSigned-By: %s\n' \
    "$mirror" "$suite" /usr/share/keyrings/debian-archive-keyring.gpg |
    "${as_root[@]}" tee /etc/apt/sources.list.d/backports.sources >/dev/null
  release=(-t "$suite")
fi
"${as_root[@]}" apt-get update
"${as_root[@]}" apt-get install --yes --no-install-recommends "${release[@]}" mesa-vulkan-drivers libvulkan1
