"""What both peers share: their options, the clock and the JSON line they end with (the fields of `looplab bench step --json`)."""

import argparse
import json
import resource
import statistics
import time


def options(description):
    parser = argparse.ArgumentParser(description=description)
    for name, default, meaning in [
        ("d", 128, "width"),
        ("heads", 4, "attention heads"),
        ("layers", 2, "layers of the looped stack"),
        ("loops", 4, "times the stack is applied"),
        ("ff", 352, "inner width of the SwiGLU layer"),
        ("vocab", 64, "token ids"),
        ("seq", 64, "tokens a row"),
        ("batch", 32, "rows"),
        ("steps", 10, "measured steps, after three that are not"),
        ("threads", 2, "threads of one operation"),
    ]:
        parser.add_argument(f"--{name}", type=int, default=default, help=f"{meaning} (default {default})")
    parser.add_argument("--clip", action="store_true", help="clip the global gradient norm to 1, as looplab does")
    parser.add_argument("--compile", action="store_true", help="torch.compile (JAX is always compiled)")
    return parser.parse_args()


def report(args, framework, step):
    """Calls `step` (one training step; it must not return before its result exists) and prints one JSON line."""

    def seconds():
        start = time.perf_counter()
        loss = step()
        return time.perf_counter() - start, loss

    first, _ = seconds()
    for _ in range(2):
        seconds()
    timed = [seconds() for _ in range(args.steps)]
    times = [t for t, _ in timed]
    median = statistics.median(times)
    tokens = args.batch * args.seq
    per_loop = args.layers * (4 * args.d**2 + 3 * args.d * args.ff + args.seq * args.d) + args.vocab * args.d
    line = dict(
        framework=framework,
        medianMs=round(median * 1e3, 2),
        minMs=round(min(times) * 1e3, 2),
        tokensPerSecond=round(tokens / median),
        gflops=round(6 * tokens * args.loops * per_loop / median / 1e9, 1),
        peakRssMb=round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
        compileMs=round(first * 1e3, 1),
        loss=timed[-1][1],
    )
    print(json.dumps(line))
