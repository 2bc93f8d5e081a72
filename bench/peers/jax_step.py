"""One training step of LoopLM in JAX: a single jitted function whose state is donated. Threads are the cores it may use."""

import os

from measure import options, report

OPTIONS = options(__doc__)
# XLA's CPU pool takes as many threads as there are cores when it starts
if hasattr(os, "sched_setaffinity"):
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: OPTIONS.threads])

import jax  # noqa: E402
import jax.numpy as jnp  # noqa: E402


def init(o, key):
    keys = iter(jax.random.split(key, 4 + 7 * o.layers))
    normal = lambda *shape: 0.02 * jax.random.normal(next(keys), shape)
    layer = lambda: dict(
        norms=jnp.ones((4, o.d)),
        **{name: normal(o.d, o.d) for name in "qkvo"},
        gate=normal(o.d, o.ff),
        up=normal(o.d, o.ff),
        down=normal(o.ff, o.d),
    )
    return dict(
        embed=normal(o.vocab, o.d),
        layers=[layer() for _ in range(o.layers)],
        norm=jnp.ones(o.d),
        halt=dict(weight=normal(o.d), bias=jnp.zeros(())),
        head=normal(o.d, o.vocab),
    )


def rms_norm(x, weight):
    return x * jax.lax.rsqrt(jnp.square(x).mean(-1, keepdims=True) + 1e-6) * weight


def rotate(x, cos, sin):
    a, b = jnp.split(x, 2, -1)
    return jnp.concatenate([a * cos - b * sin, b * cos + a * sin], -1)


def loss_fn(params, ids, targets, o):
    half = o.d // o.heads // 2
    angle = jnp.arange(o.seq)[:, None] * 10_000.0 ** (-jnp.arange(half) / half)
    cos, sin = jnp.cos(angle)[:, None], jnp.sin(angle)[:, None]  # [S, 1, half]: x is [B, S, H, dHead]
    causal = jnp.tril(jnp.ones((o.seq, o.seq), bool))

    def layer(x, p):
        y = rms_norm(x, p["norms"][0])
        q, k, v = ((y @ p[n]).reshape(o.batch, o.seq, o.heads, -1) for n in "qkv")
        scores = jnp.einsum("bihd,bjhd->bhij", rotate(q, cos, sin), rotate(k, cos, sin)) * (2 * half) ** -0.5
        weights = jax.nn.softmax(jnp.where(causal, scores, -1e9))
        y = jnp.einsum("bhij,bjhd->bihd", weights, v).reshape(x.shape) @ p["o"]
        x = x + rms_norm(y, p["norms"][1])
        y = rms_norm(x, p["norms"][2])
        return x + rms_norm((jax.nn.silu(y @ p["gate"]) * (y @ p["up"])) @ p["down"], p["norms"][3])

    h, log_left, loss = params["embed"][ids], 0.0, 0.0
    for t in range(o.loops):
        for p in params["layers"]:
            h = layer(h, p)
        h = rms_norm(h, params["norm"])
        nll = -jnp.take_along_axis(jax.nn.log_softmax(h @ params["head"]), targets[..., None], -1)[..., 0]
        z = h @ params["halt"]["weight"] + params["halt"]["bias"]
        log_p = log_left if t == o.loops - 1 else log_left + jax.nn.log_sigmoid(z)
        loss = loss + jnp.exp(log_p) * (nll + 0.1 * log_p)
        log_left = log_left + jax.nn.log_sigmoid(-z)
    return loss.mean()


def make_step(o, lr=1e-3, b1=0.9, b2=0.95, eps=1e-8, decay=0.1):
    def step(state, ids, targets):
        params, m, v, t = state
        loss, grads = jax.value_and_grad(loss_fn)(params, ids, targets, o)
        if o.clip:
            norm = jnp.sqrt(sum(jnp.square(g).sum() for g in jax.tree.leaves(grads)))
            grads = jax.tree.map(lambda g: g * jnp.minimum(1.0, 1.0 / (norm + 1e-6)), grads)
        t = t + 1
        m = jax.tree.map(lambda m, g: b1 * m + (1 - b1) * g, m, grads)
        v = jax.tree.map(lambda v, g: b2 * v + (1 - b2) * g * g, v, grads)

        def update(path, p, m, v):
            keep = 1.0 if p.ndim < 2 or "norms" in jax.tree_util.keystr(path) else 1 - lr * decay
            return keep * p - lr * (m / (1 - b1**t)) / (jnp.sqrt(v / (1 - b2**t)) + eps)

        return (jax.tree_util.tree_map_with_path(update, params, m, v), m, v, t), loss

    return jax.jit(step, donate_argnums=0)


def main():
    o = OPTIONS
    keys = jax.random.split(jax.random.key(0), 3)
    params = init(o, keys[0])
    zeros = lambda: jax.tree.map(jnp.zeros_like, params)
    state = (params, zeros(), zeros(), jnp.zeros(()))
    ids, targets = (jax.random.randint(k, (o.batch, o.seq), 0, o.vocab) for k in keys[1:])
    jitted = make_step(o)

    def step():
        nonlocal state
        state, loss = jitted(state, ids, targets)
        jax.block_until_ready(state)
        return float(loss)

    report(o, f"JAX {jax.__version__} jit", step)


if __name__ == "__main__":
    main()
