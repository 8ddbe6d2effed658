import type { Environment } from "./environment.ts";
import { flag } from "./options.ts";
import type { EnvironmentRegistration } from "./registration.ts";
import { colour, type Drawing, rectangle, text } from "./shapes.ts";
import { buildTables } from "./tables.ts";
import { tablesEnvironment } from "./tables-environment.ts";

export interface BlackjackOptions {
  readonly natural?: boolean;
  readonly sab?: boolean;
  readonly maxEpisodeSteps?: number;
}

/** What the player knows. `natural`: the first two cards are an ace and a ten. */
interface Hand {
  readonly sum: number;
  readonly dealer: number;
  readonly usableAce: boolean;
  readonly natural: boolean;
}

/** Cards come from an infinite deck: ace 1, face cards 10. */
const cardProbability = (card: number) => (card === 10 ? 4 : 1) / 13;
const cards = Array.from({ length: 10 }, (_, k) => k + 1);

/**
 * # Blackjack-v1
 * Draw cards towards 21, but not over, against a dealer who draws to 17 (Sutton and Barto, "Reinforcement Learning", example 5.1).
 *
 * ## Action space
 * Discrete(2): 0 stick, 1 hit.
 *
 * ## Observation space
 * Discrete: the number of a hand that can occur; `info` has its sum, the dealer's card, whether an ace counts 11, and whether it is a natural.
 * Gymnasium's observation leaves the natural out, which decides rewards: here it is part of the state.
 *
 * ## Rewards
 * 1 for winning, −1 for losing, 0 for a draw. With `sab`, a natural wins against any dealer's hand that is none; without it, with `natural`, a
 * natural that wins pays 1.5.
 *
 * ## Starting state
 * Two cards for the player, one shown by the dealer.
 *
 * ## Episode end
 * Terminated by sticking, or when the sum is above 21; no limit of steps.
 *
 * ## Arguments
 * `sab` (true), `natural` (false), `maxEpisodeSteps` (no limit).
 */
export function blackjack({ natural = false, sab = true, maxEpisodeSteps }: BlackjackOptions = {}): Environment {
  const hands: Hand[] = [];
  const numbers = new Map<string, number>();
  const numberOf = (hand: Hand): number => {
    const key = `${hand.sum} ${hand.dealer} ${hand.usableAce} ${hand.natural}`;
    let number = numbers.get(key);
    if (number === undefined) {
      number = hands.push(hand) - 1;
      numbers.set(key, number);
    }
    return number;
  };

  const starts: number[] = [];
  for (const dealer of cards)
    for (const first of cards)
      for (const second of cards) {
        const s = numberOf(deal(first, second, dealer));
        starts[s] = (starts[s] ?? 0) + cardProbability(dealer) * cardProbability(first) * cardProbability(second);
      }
  for (const hand of hands) if (hand.sum <= 21) for (const card of cards) numberOf(draw(hand, card));

  const initial = Float64Array.from(hands, (_, s) => starts[s] ?? 0);
  const tables = buildTables(hands.length, 2, initial, (s, a, add) => {
    const hand = hands[s];
    if (hand.sum > 21) return add(s, 1, 0, true);
    if (a === 0) {
      for (const [reward, probability] of showdown(hand, { natural, sab })) add(s, probability, reward, true);
      return;
    }
    for (const card of cards) {
      const next = draw(hand, card);
      add(numberOf(next), cardProbability(card), next.sum > 21 ? -1 : 0, next.sum > 21);
    }
  });
  return tablesEnvironment("Blackjack-v1", tables, { horizon: maxEpisodeSteps, describe: (s) => ({ ...hands[s] }) });
}

function deal(first: number, second: number, dealer: number): Hand {
  const usableAce = first === 1 || second === 1;
  const sum = first + second + (usableAce ? 10 : 0);
  return { sum, dealer, usableAce, natural: sum === 21 };
}

function draw({ sum, dealer, usableAce }: Hand, card: number): Hand {
  const ace = usableAce || card === 1;
  const hard = sum - (usableAce ? 10 : 0) + card;
  const soft = ace && hard + 10 <= 21;
  return { sum: hard + (soft ? 10 : 0), dealer, usableAce: soft, natural: false };
}

/** How the dealer may end: the final sum, whether it is a natural, and the probability. */
interface Ending {
  readonly sum: number;
  readonly natural: boolean;
  readonly probability: number;
}

/** Probability of each reward of sticking. */
function showdown(hand: Hand, { natural, sab }: { readonly natural: boolean; readonly sab: boolean }): Map<number, number> {
  const rewards = new Map<number, number>();
  for (const dealer of dealerEndings(hand.dealer)) {
    let reward = Math.sign(hand.sum - (dealer.sum > 21 ? 0 : dealer.sum));
    if (hand.natural && sab && !dealer.natural) reward = 1;
    else if (hand.natural && !sab && natural && reward === 1) reward = 1.5;
    rewards.set(reward, (rewards.get(reward) ?? 0) + dealer.probability);
  }
  return rewards;
}

const endings = new Map<number, readonly Ending[]>();

function dealerEndings(shown: number): readonly Ending[] {
  let known = endings.get(shown);
  if (!known) {
    const sums = new Map<string, Ending>();
    const play = (hand: Hand, count: number, probability: number) => {
      if (hand.sum < 17) {
        for (const card of cards) play(draw(hand, card), count + 1, probability * cardProbability(card));
        return;
      }
      const natural = hand.sum === 21 && count === 2;
      const key = `${hand.sum} ${natural}`;
      sums.set(key, { sum: hand.sum, natural, probability: (sums.get(key)?.probability ?? 0) + probability });
    };
    play({ sum: shown === 1 ? 11 : shown, dealer: shown, usableAce: shown === 1, natural: false }, 1, 1);
    known = [...sums.values()];
    endings.set(shown, known);
  }
  return known;
}

function drawTable(_state: Float64Array, { sum, dealer, usableAce }: Readonly<Record<string, unknown>>): Drawing {
  return {
    height: 160,
    shapes: [
      rectangle(60, 30, 70, 100, colour.free),
      text(95, 92, String(sum ?? "?"), colour.agent, 36),
      text(95, 150, usableAce ? "player, ace is 11" : "player", colour.ink, 12),
      rectangle(190, 30, 70, 100, colour.free),
      text(225, 92, dealer === 1 ? "A" : String(dealer ?? "?"), colour.hazard, 36),
      text(225, 150, "dealer shows", colour.ink, 12),
    ],
  };
}

export const blackjackRegistration = {
  ids: ["Blackjack-v1"],
  options: { natural: flag, sab: flag },
  build: (options: BlackjackOptions) => blackjack(options),
  draw: drawTable,
} as const satisfies EnvironmentRegistration<BlackjackOptions>;
