"""Writes or checks the golden fixtures of LoopLM: an independent PyTorch implementation in float64.

Source: arXiv 2510.25741 (sections 3.2 to 3.4 and the released model's block). It shares no code with the TypeScript
packages, which are compared with what this prints. Run with the Python of tools/setup-torch.sh:

    python tools/golden/looplm.py FOLDER            write FOLDER/looplm.json
    python tools/golden/looplm.py FOLDER --check    compute anew and compare with FOLDER/looplm.json
"""

import argparse
import base64
import json
import pathlib
import struct
import sys
import warnings

warnings.filterwarnings("ignore", message="Failed to initialize NumPy")

import torch
import torch.nn.functional as F

SIZES = dict(
    vocab=11, dModel=16, heads=2, layers=2, loops=3, dFF=24, ropeTheta=10000.0, normEps=1e-6, batch=2, seq=5
)
BETA = 0.1  # weight of the entropy in Stage I
GAIN, GAMMA = 50.0, 0.005  # slope and threshold of Stage II
# the second step is clipped, the others are not; see the recorded norms
ADAMW = dict(lrs=[0.01, 0.02, 0.005], betas=[0.9, 0.95], eps=1e-8, weightDecay=0.1, clipNorm=5.0)

D = torch.float64


# ---------------------------------------------------------------------------------------------- inputs


def shapes():
    """Shape of every parameter by its Hugging Face Ouro name; linear weights are [out, in]."""
    v, d, f = SIZES["vocab"], SIZES["dModel"], SIZES["dFF"]
    table = {"model.embed_tokens.weight": [v, d]}
    for i in range(SIZES["layers"]):
        at = f"model.layers.{i}."
        table |= {f"{at}self_attn.{p}_proj.weight": [d, d] for p in "qkvo"}
        table |= {f"{at}mlp.{p}_proj.weight": [f, d] for p in ("gate", "up")}
        table[f"{at}mlp.down_proj.weight"] = [d, f]
        for n in ("input_layernorm", "input_layernorm_2", "post_attention_layernorm", "post_attention_layernorm_2"):
            table[f"{at}{n}.weight"] = [d]
    table |= {"model.norm.weight": [d], "model.early_exit_gate.weight": [1, d], "model.early_exit_gate.bias": [1]}
    table["lm_head.weight"] = [v, d]
    return table


def draw():
    """Weights with three decimals, rounded to float32, so that both sides start from the very same numbers."""
    generator = torch.Generator().manual_seed(20251029)
    params = {}
    for name, shape in shapes().items():
        x = torch.randn(shape, generator=generator, dtype=D)
        # at twice this spread float32 itself, in PyTorch too, is off by the tolerance of 1e-5; here by 2e-6
        centre, spread = (1.0, 0.2) if "norm" in name else (0.0, 0.15)
        if name.endswith(".bias"):
            centre = -0.4
        params[name] = (centre + spread * x).mul(1000).round().div(1000).float().to(D)
    b, s, v = SIZES["batch"], SIZES["seq"], SIZES["vocab"]
    draw_ids = lambda: torch.randint(0, v, (b, s), generator=generator)
    batch = dict(
        ids=draw_ids(),
        targets=draw_ids(),
        # a token that does not count, one that counts half, one that counts double
        weights=torch.tensor([[1, 1, 0, 1, 0.5], [0, 1, 2, 1, 1]], dtype=D),
    )
    # padding on the left and a hole: the first query of the second row sees no key at all
    mask = torch.tensor([[1, 1, 1, 1, 1], [0, 1, 1, 0, 1]], dtype=D)
    return params, batch, mask


# ---------------------------------------------------------------------------------------------- model


def rms_norm(x, w):
    return x / torch.sqrt(x.square().mean(-1, keepdim=True) + SIZES["normEps"]) * w


def rope(x):
    """x [B, H, S, dHead]: pair (i, i + dHead/2) turns by position * theta^(-2 i / dHead)."""
    half = x.shape[-1] // 2
    frequency = SIZES["ropeTheta"] ** (-torch.arange(half, dtype=D) / half)
    turn = torch.polar(torch.ones(1, dtype=D), torch.arange(x.shape[-2], dtype=D)[:, None] * frequency)
    z = torch.complex(x[..., :half], x[..., half:]) * turn
    return torch.cat([z.real, z.imag], -1)


def attention(x, params, at, mask):
    b, s, d = x.shape
    h = SIZES["heads"]
    q, k, v = (
        (x @ params[f"{at}self_attn.{p}_proj.weight"].T).view(b, s, h, d // h).transpose(1, 2) for p in "qkv"
    )
    seen = torch.ones(s, s, dtype=torch.bool).tril()[None, None]
    if mask is not None:
        seen = seen & (mask[:, None, None, :] > 0)
    scores = rope(q) @ rope(k).transpose(-1, -2) / (d // h) ** 0.5
    # a query that sees nothing gives zeros instead of 0/0; what it gives is not compared
    alone = ~seen.any(-1, keepdim=True)
    p = torch.softmax(scores.masked_fill(~(seen | alone), float("-inf")), -1).masked_fill(alone, 0)
    return (p @ v).transpose(1, 2).reshape(b, s, d) @ params[f"{at}self_attn.o_proj.weight"].T


def mlp(x, params, at):
    gate, up = (x @ params[f"{at}mlp.{p}_proj.weight"].T for p in ("gate", "up"))
    return (gate * torch.sigmoid(gate) * up) @ params[f"{at}mlp.down_proj.weight"].T


def forward(params, ids, mask=None):
    """Logits [B, S, V] and gate logits [B, S] after each loop."""
    h = params["model.embed_tokens.weight"][ids]
    logits, gates = [], []
    for _ in range(SIZES["loops"]):
        for i in range(SIZES["layers"]):
            at = f"model.layers.{i}."
            norm = lambda x, name: rms_norm(x, params[f"{at}{name}.weight"])
            h = h + norm(attention(norm(h, "input_layernorm"), params, at, mask), "input_layernorm_2")
            h = h + norm(mlp(norm(h, "post_attention_layernorm"), params, at), "post_attention_layernorm_2")
        h = rms_norm(h, params["model.norm.weight"])
        logits.append(h @ params["lm_head.weight"].T)
        gates.append((h @ params["model.early_exit_gate.weight"].T + params["model.early_exit_gate.bias"])[..., 0])
    return logits, gates


# ---------------------------------------------------------------------------------------------- losses


def token_losses(logits, targets):
    """[B, S] negative log-likelihood in nats after each loop."""
    return [F.cross_entropy(l.flatten(0, 1), targets.flatten(), reduction="none").view_as(targets) for l in logits]


def exit_distribution(gates):
    """p_t = lambda_t * prod_{j<t} (1 - lambda_j); the last loop takes the rest."""
    lam = [torch.sigmoid(g) for g in gates]
    left, p = torch.ones_like(lam[0]), []
    for t, l in enumerate(lam):
        p.append(left if t == len(lam) - 1 else left * l)
        left = left * (1 - l)
    return p


def gate_loss(nll, gates, weighted, causal):
    """Stage II: the gate learns to go on where the next loop lowered the loss. Losses are detached."""
    steps = []
    for t in range(1, len(nll)):
        gain = torch.relu(nll[t - 1] - nll[t]).detach()
        go = torch.sigmoid(GAIN * (gain - GAMMA))
        lam = torch.sigmoid(gates[t - 1 if causal else t])
        steps.append(weighted(-(go * torch.log(1 - lam) + (1 - go) * torch.log(lam))))
    # the causal pairing divides by the decisions there are, the printed one by the number of loops
    return sum(steps) / (len(steps) if causal else len(nll))


def losses(params, batch, mask=None):
    """Every objective's parts; a value that is not a part of a loss stands beside it."""
    logits, gates = forward(params, batch["ids"], mask)
    nll = token_losses(logits, batch["targets"])
    p = exit_distribution(gates)
    weights = batch["weights"]
    weighted = lambda x: (weights * x).sum() / weights.sum()
    expected = weighted(sum(a * b for a, b in zip(p, nll)))
    entropy = weighted(-sum(a * torch.log(a) for a in p))
    per_loop = [weighted(x) for x in nll]
    return dict(
        logits=logits,
        gates=gates,
        nll=nll,
        exitProbs=p,
        lossPerLoop=per_loop,
        expectedLoss=expected,
        entropy=entropy,
        totals=dict(
            lastLoop=per_loop[-1],
            everyLoop=sum(per_loop) / len(per_loop),
            entropyRegularised=expected - BETA * entropy,
            gateImprovementCausal=gate_loss(nll, gates, weighted, causal=True),
            gateImprovementPrinted=gate_loss(nll, gates, weighted, causal=False),
        ),
    )


def gradients(params, batch, objective, mask=None):
    leaves = {name: p.clone().requires_grad_() for name, p in params.items()}
    total = losses(leaves, batch, mask)["totals"][objective]
    # Stage II freezes the language model, so only the gate's gradient counts
    names = [n for n in leaves if not objective.startswith("gate") or "early_exit_gate" in n]
    grads = torch.autograd.grad(total, [leaves[n] for n in names], allow_unused=True)
    return {n: torch.zeros_like(leaves[n]) if g is None else g for n, g in zip(names, grads)}


def decays(name):
    return not ("norm" in name or "early_exit_gate" in name)


def train(params, batch):
    """Three AdamW steps on Stage I, all on the same batch, with a learning rate of its own each."""
    leaves = {name: torch.nn.Parameter(p.clone()) for name, p in params.items()}
    groups = [
        dict(params=[p for n, p in leaves.items() if decays(n)], weight_decay=ADAMW["weightDecay"]),
        dict(params=[p for n, p in leaves.items() if not decays(n)], weight_decay=0.0),
    ]
    optimiser = torch.optim.AdamW(groups, betas=tuple(ADAMW["betas"]), eps=ADAMW["eps"], foreach=False)
    steps = []
    for lr in ADAMW["lrs"]:
        for group in optimiser.param_groups:
            group["lr"] = lr
        optimiser.zero_grad()
        loss = losses(leaves, batch)["totals"]["entropyRegularised"]
        loss.backward()
        norm = torch.nn.utils.clip_grad_norm_(leaves.values(), ADAMW["clipNorm"], foreach=False)
        optimiser.step()
        steps.append(dict(loss=number(loss), gradNorm=number(norm), params=packed(leaves)))
    return steps


# ---------------------------------------------------------------------------------------------- files


def number(x):
    return float(f"{x.item() if isinstance(x, torch.Tensor) else x:.10g}")


def numbers(x):
    return numbers_of(x.tolist()) if isinstance(x, torch.Tensor) else [numbers(y) for y in x]


def numbers_of(x):
    return [numbers_of(y) for y in x] if isinstance(x, list) else number(x)


def packed(tensors):
    """Little-endian float32 in base64: what float32 arithmetic is compared with, in a quarter of the bytes of text."""
    return {n: base64.b64encode(struct.pack(f"<{t.numel()}f", *t.flatten().tolist())).decode() for n, t in tensors.items()}


def fixture():
    params, batch, mask = draw()
    case = lambda r: {
        **{k: numbers(r[k]) for k in ("logits", "gates", "nll", "exitProbs", "lossPerLoop")},
        **{k: number(r[k]) for k in ("expectedLoss", "entropy")},
        "totals": {k: number(x) for k, x in r["totals"].items()},
    }
    plain, masked = losses(params, batch), losses(params, batch, mask)
    return dict(
        about="Golden values of LoopLM, computed in float64 by tools/golden/looplm.py; base64 is little-endian float32",
        torch=torch.__version__.split("+")[0],
        config={**SIZES, "beta": BETA, "gain": GAIN, "gamma": GAMMA},
        shapes=shapes(),
        params={n: [number(round(x, 3)) for x in p.flatten().tolist()] for n, p in params.items()},
        batch=dict(
            ids=batch["ids"].tolist(), targets=batch["targets"].tolist(), weights=batch["weights"].tolist()
        ),
        plain={**case(plain), "grads": {o: packed(gradients(params, batch, o)) for o in plain["totals"]}},
        masked={
            "keyMask": mask.tolist(),
            **case(masked),
            "grads": {"entropyRegularised": packed(gradients(params, batch, "entropyRegularised", mask))},
        },
        adamw={**ADAMW, "decay": [n for n in params if decays(n)], "steps": train(params, batch)},
    )


def unpack(text):
    data = base64.b64decode(text)
    return list(struct.unpack(f"<{len(data) // 4}f", data))


def differences(old, new, path=""):
    """Places where two fixtures differ by more than 1e-6 of the largest value around (another libm, another BLAS)."""
    if isinstance(old, dict) and isinstance(new, dict):
        if old.keys() != new.keys():
            return [f"{path}: keys {sorted(old.keys() ^ new.keys())}"]
        return [x for k in old for x in differences(old[k], new[k], f"{path}/{k}")]
    if isinstance(old, str) and isinstance(new, str) and ("/grads/" in path or "/params/" in path):
        old, new = unpack(old), unpack(new)
    flat = lambda x: [z for y in x for z in flat(y)] if isinstance(x, list) else [x]
    a, b = flat(old), flat(new)
    if len(a) != len(b):
        return [f"{path}: {len(a)} values, now {len(b)}"]
    if all(isinstance(x, (int, float)) for x in a + b):
        scale = max([abs(x) for x in a] + [1e-12])
        worst = max(abs(x - y) for x, y in zip(a, b))
        return [f"{path}: off by {worst / scale:.1e}"] if not worst <= 1e-6 * scale else []
    return [] if a == b else [f"{path}: {old!r}, now {new!r}"]


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=pathlib.Path)
    parser.add_argument("--check", action="store_true", help="compare instead of writing")
    args = parser.parse_args()
    torch.set_num_threads(1)
    file = args.folder / "looplm.json"
    new = fixture()
    if not args.check:
        lines = ",\n".join(f'"{k}":{json.dumps(v, separators=(",", ":"))}' for k, v in new.items())
        file.write_text("{\n" + lines + "\n}\n")
        print(f"wrote {file} ({file.stat().st_size / 1000:.0f} kB)")
        return 0
    old = json.loads(file.read_text())
    bad = differences({**old, "torch": ""}, {**new, "torch": ""})
    print("\n".join(bad) if bad else f"{file.name} is what looplm.py computes")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
