#!/usr/bin/env bash
# Sets up a Slurm of one real node, for the tests of the Slurm launcher (Debian, Ubuntu; as root): packages, configuration and daemons.
#
# Everything but the packages lies in .cache/slurm; nothing of the system's own configuration is changed. `stop` ends the daemons.
# Tests find the cluster by .cache/slurm/slurm.conf. A cluster of your own is used by setting SLURM_CONF, or by having one set up.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
home=$PWD/.cache/slurm
export SLURM_CONF=$home/slurm.conf

stop() {
  for name in slurmd slurmctld munged; do
    pid=$(cat "$home/$name.pid" 2>/dev/null || true)
    if [[ -n $pid ]]; then kill "$pid" 2>/dev/null || true; fi
  done
}
if [[ ${1:-} == stop ]]; then
  stop
  exit 0
fi
if [[ -e $SLURM_CONF ]] && timeout 5 sinfo -h -o %T 2>/dev/null | grep -qE 'idle|mixed|allocated'; then
  echo "Slurm is running: $(sinfo --version)"
  exit 0
fi
if [[ $(id -u) != 0 ]]; then
  echo "needs root: slurmd starts processes of other users" >&2
  exit 1
fi
if ! command -v slurmctld >/dev/null || ! command -v slurmd >/dev/null || ! command -v munged >/dev/null; then
  if ! command -v apt-get >/dev/null; then
    echo "no Slurm on the PATH and no apt-get to install one; install slurmctld, slurmd and munge by hand" >&2
    exit 1
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends slurm-wlm munge >/dev/null
fi

stop
mkdir -p "$home/state" "$home/spool" "$home/munge"
chmod 700 "$home/munge"
[[ -e $home/munge/key ]] || (umask 077 && head -c 128 /dev/urandom >"$home/munge/key")
# the socket's folder must be reachable by every user; --force lets root run it and passes over the owner of folders above
mkdir -p "$home/run"
chmod 755 "$home" "$home/run"
munged --force --key-file="$home/munge/key" --socket="$home/run/munge.socket" --pid-file="$home/munged.pid" \
  --log-file="$home/munge/munged.log" --seed-file="$home/munge/seed"

host=$(hostname -s)
memory=$(awk '/MemTotal/ { print int($2 / 1024 * 0.9) }' /proc/meminfo)
cat >"$SLURM_CONF" <<EOF
ClusterName=looplab
SlurmctldHost=$host(127.0.0.1)
SlurmctldPort=${LOOPLAB_SLURM_PORT:-26817}
SlurmdPort=$((${LOOPLAB_SLURM_PORT:-26817} + 1))
AuthType=auth/munge
AuthInfo=socket=$home/run/munge.socket
CredType=cred/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation=$home/state
SlurmdSpoolDir=$home/spool
SlurmctldPidFile=$home/slurmctld.pid
SlurmdPidFile=$home/slurmd.pid
SlurmctldLogFile=$home/slurmctld.log
SlurmdLogFile=$home/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerParameters=sched_min_interval=200000,batch_sched_delay=0
AccountingStorageType=accounting_storage/none
JobCompType=jobcomp/none
JobAcctGatherType=jobacct_gather/none
MpiDefault=none
ReturnToService=2
KillWait=5
MinJobAge=300
MaxArraySize=5
NodeName=$host NodeAddr=127.0.0.1 CPUs=$(nproc) RealMemory=$memory State=UNKNOWN
PartitionName=main Nodes=$host Default=YES MaxTime=INFINITE State=UP OverSubscribe=FORCE:4
EOF
slurmctld
slurmd
for _ in $(seq 100); do
  if sinfo -h -o %T 2>/dev/null | grep -q idle; then
    echo "Slurm is ready: $(sinfo --version), one node with $(nproc) CPUs; SLURM_CONF=$SLURM_CONF"
    exit 0
  fi
  sleep 0.2
done
echo "Slurm did not come up; $home/slurmctld.log and slurmd.log say why:" >&2
tail -n 5 "$home/slurmctld.log" "$home/slurmd.log" >&2
exit 1
