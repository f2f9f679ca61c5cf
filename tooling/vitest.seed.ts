import fc from "fast-check";

// A failure names the seed and the path to its input: fast-check prints both.
fc.configureGlobal({ seed: Number(process.env.OTTO_SEED) });
