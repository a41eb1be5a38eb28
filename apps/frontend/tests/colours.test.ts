// The status colours can be told apart, also by who sees no red, green or blue, and words are readable on every surface.
import assert from "node:assert/strict";
import { test } from "node:test";
import { dark, light, type Palette, series } from "../src/tokens.ts";

type Triple = readonly [number, number, number];

// Machado, Oliveira and Fernandes 2009, full severity, on linear RGB.
const BLINDNESS: Readonly<Record<string, readonly [Triple, Triple, Triple]>> = {
  none: [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
  protanopia: [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
  deuteranopia: [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]],
  tritanopia: [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]],
};
const THEMES: Readonly<Record<string, Palette>> = { dark, light };
const STATES = ["well", "degraded", "failing"] as const;

function linear(hex: string): Triple {
  const part = (from: number) => {
    const value = Number.parseInt(hex.slice(from, from + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [part(1), part(3), part(5)];
}

function seen(colour: Triple, matrix: readonly [Triple, Triple, Triple]): Triple {
  const row = (r: Triple) => Math.min(1, Math.max(0, r[0] * colour[0] + r[1] * colour[1] + r[2] * colour[2]));
  return [row(matrix[0]), row(matrix[1]), row(matrix[2])];
}

function lab([r, g, b]: Triple): Triple {
  const f = (value: number) => (value > 216 / 24389 ? Math.cbrt(value) : (value * 24389) / 27 / 116 + 16 / 116);
  const x = f((0.4124564 * r + 0.3575761 * g + 0.1804375 * b) / 0.95047);
  const y = f(0.2126729 * r + 0.7151522 * g + 0.072175 * b);
  const z = f((0.0193339 * r + 0.119192 * g + 0.9503041 * b) / 1.08883);
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}

function deltaE(one: Triple, other: Triple): number {
  const [a, b] = [lab(one), lab(other)];
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

function contrast(one: string, other: string): number {
  const luminance = (hex: string) => {
    const [r, g, b] = linear(hex);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const [high, low] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (high + 0.05) / (low + 0.05);
}

for (const [theme, palette] of Object.entries(THEMES)) {
  for (const [blindness, matrix] of Object.entries(BLINDNESS)) {
    test(`well, degraded and failing differ by at least 25 in the ${theme} theme, ${blindness}`, () => {
      for (const one of STATES)
        for (const other of STATES)
          if (one < other) {
            const difference = deltaE(seen(linear(palette[one]), matrix), seen(linear(palette[other]), matrix));
            assert.ok(difference >= 25, `${one} and ${other}: ${difference.toFixed(1)}`);
          }
    });
  }

  test(`text is readable on every surface of the ${theme} theme`, () => {
    for (const surface of ["page", "panel", "raised"] as const) {
      for (const text of ["text-1", "text-2", "text-3"] as const) {
        const least = 4.5;
        const ratio = contrast(palette[text], palette[surface]);
        assert.ok(ratio >= least, `${text} on ${surface}: ${ratio.toFixed(2)}`);
      }
      assert.ok(contrast(palette.focus, palette[surface]) >= 4.5, `focus on ${surface}`);
    }
  });

  test(`every state's shape stands out from page and panel in the ${theme} theme, and its ink from it`, () => {
    for (const state of [...STATES, "acting", "unknown"] as const)
      for (const surface of ["page", "panel"] as const) assert.ok(contrast(palette[state], palette[surface]) >= 3, `${state} on ${surface}`);
    assert.ok(contrast(palette["ink-on-failing"], palette.failing) >= 4.5);
    assert.ok(contrast(palette["ink-on-degraded"], palette.degraded) >= 4.5);
  });

  test(`the hues of services stand out from a panel of the ${theme} theme`, () => {
    for (const hue of series[theme as "dark" | "light"]) assert.ok(contrast(hue, palette.panel) >= 3, hue);
  });
}
