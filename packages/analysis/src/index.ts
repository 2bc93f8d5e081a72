// @looplab/analysis: what a trained model stores, how it manipulates it, and how its latent steps relate to its answers.
export {};
