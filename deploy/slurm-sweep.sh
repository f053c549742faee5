#!/bin/sh
#SBATCH --job-name=snatsim-sweep
#SBATCH --array=1-8
#SBATCH --cpus-per-task=4
#SBATCH --mem=1G
#SBATCH --requeue
# A sweep in as many parts as the array has tasks. A task that is started again keeps its finished cells.
#   job=$(sbatch --parsable --export=ALL,SCENARIO=night.toml deploy/slurm-sweep.sh)
#   sbatch --dependency=afterok:"$job" --wrap 'snatsim merge sweep/part-* --out sweep/merged'
set -eu
part=$SLURM_ARRAY_TASK_ID
exec snatsim sweep "${SCENARIO:-night.toml}" \
  --vary public_ips=1..16 --vary outbound.model=azure/load-balancer,azure/nat-gateway \
  --threads "${SLURM_CPUS_PER_TASK:-0}" \
  --reproducible --resume --shard "$part/$SLURM_ARRAY_TASK_COUNT" --out "${OUT:-sweep}/part-$part"
