"""One training step of LoopLM in PyTorch, in the idiom that is fastest on a CPU: fused kernels where PyTorch has them."""

import torch
import torch.nn.functional as F
from torch import nn

from measure import options, report


class Attention(nn.Module):
    def __init__(self, d, heads):
        super().__init__()
        self.heads = heads
        self.q, self.k, self.v, self.o = (nn.Linear(d, d, bias=False) for _ in range(4))

    def forward(self, x, rope):
        split = lambda y: y.unflatten(-1, (self.heads, -1)).transpose(1, 2)
        q, k = rotate(split(self.q(x)), rope), rotate(split(self.k(x)), rope)
        y = F.scaled_dot_product_attention(q, k, split(self.v(x)), is_causal=True)
        return self.o(y.transpose(1, 2).flatten(2))


def rotate(x, rope):
    cos, sin = rope
    a, b = x.chunk(2, -1)
    return torch.cat((a * cos - b * sin, b * cos + a * sin), -1)


class SwiGLU(nn.Module):
    def __init__(self, d, ff):
        super().__init__()
        self.gate, self.up = nn.Linear(d, ff, bias=False), nn.Linear(d, ff, bias=False)
        self.down = nn.Linear(ff, d, bias=False)

    def forward(self, x):
        return self.down(F.silu(self.gate(x)) * self.up(x))


class Layer(nn.Module):
    def __init__(self, d, heads, ff):
        super().__init__()
        self.attention, self.mlp = Attention(d, heads), SwiGLU(d, ff)
        self.before_attention, self.after_attention, self.before_mlp, self.after_mlp = (
            nn.RMSNorm(d, eps=1e-6) for _ in range(4)
        )

    def forward(self, x, rope):
        x = x + self.after_attention(self.attention(self.before_attention(x), rope))
        return x + self.after_mlp(self.mlp(self.before_mlp(x)))


class LoopLM(nn.Module):
    def __init__(self, o):
        super().__init__()
        self.loops = o.loops
        self.embed = nn.Embedding(o.vocab, o.d)
        self.layers = nn.ModuleList(Layer(o.d, o.heads, o.ff) for _ in range(o.layers))
        self.norm = nn.RMSNorm(o.d, eps=1e-6)
        self.gate = nn.Linear(o.d, 1)
        self.head = nn.Linear(o.d, o.vocab, bias=False)
        half = o.d // o.heads // 2
        angle = torch.arange(o.seq)[:, None] * 10_000.0 ** (-torch.arange(half) / half)
        self.register_buffer("cos", angle.cos())
        self.register_buffer("sin", angle.sin())
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.normal_(p, std=0.02)

    def forward(self, ids, targets):
        """Expected loss over the exit step, less 0.1 of the entropy of the exit distribution."""
        h, log_left, loss = self.embed(ids), 0.0, 0.0
        for t in range(self.loops):
            for layer in self.layers:
                h = layer(h, (self.cos, self.sin))
            h = self.norm(h)
            nll = F.cross_entropy(self.head(h).flatten(0, 1), targets.flatten(), reduction="none")
            z = self.gate(h).flatten()
            last = t == self.loops - 1
            log_p = log_left if last else log_left + F.logsigmoid(z)
            loss = loss + log_p.exp() * (nll + 0.1 * log_p)
            if not last:
                log_left = log_left + F.logsigmoid(-z)
        return loss.mean()


def main():
    o = options(__doc__)
    torch.manual_seed(0)
    torch.set_num_threads(o.threads)
    model = LoopLM(o)
    decayed = [p for p in model.parameters() if p.dim() > 1]
    others = [p for p in model.parameters() if p.dim() == 1]
    groups = [dict(params=decayed, weight_decay=0.1), dict(params=others, weight_decay=0.0)]
    optimiser = torch.optim.AdamW(groups, lr=1e-3, betas=(0.9, 0.95), fused=True)
    loss_of = torch.compile(model) if o.compile else model
    ids, targets = torch.randint(o.vocab, (2, o.batch, o.seq))

    def step():
        loss = loss_of(ids, targets)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        if o.clip:
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimiser.step()
        return loss.item()

    report(o, f"PyTorch {torch.__version__}{' compiled' if o.compile else ' eager'}", step)


if __name__ == "__main__":
    main()
