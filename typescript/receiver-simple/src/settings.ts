/** How the queue is used; each is a variable. */
export interface Settings {
  readonly queue: string;
  readonly batchSize: number;
  readonly claimIdleMs: number;
  readonly maxDeliveries: number;
  readonly drainBudgetMs: number;
  readonly bellMs: number;
  readonly retentionS: number;
  readonly lingerMs: number;
}

/** A variable that cannot be used. */
export class SettingError extends Error {
  constructor(name: string, fault: string) {
    super(`variable ${name}: ${fault}`);
  }

  static wrong(name: string, expected: string, found: string): SettingError {
    return new SettingError(name, `expected ${expected}, found ${JSON.stringify(found)}`);
  }
}

/** Asks the host for a variable; throws a {@link SettingError} when there is none. */
export type Variables = (name: string) => string;

/** Throws a {@link SettingError} that names the first variable that is absent or wrong. */
export function readSettings(variable: Variables): Settings {
  const queue = variable("queue");
  if (!/^[A-Za-z0-9._-]{1,64}$/.test(queue)) {
    throw SettingError.wrong("queue", "1 to 64 letters, digits, '-', '_' or '.'", queue);
  }
  const number = (name: string, least: number, most: number): number => {
    const found = variable(name);
    const value = /^\+?\d+$/.test(found.trim()) ? Number(found) : NaN;
    if (value >= least && value <= most) {
      return value;
    }
    throw SettingError.wrong(name, `a whole number from ${least} to ${most}`, found);
  };
  return {
    queue,
    batchSize: number("batch_size", 1, 1_000),
    claimIdleMs: number("claim_idle_ms", 10, 86_400_000),
    maxDeliveries: number("max_deliveries", 1, 1_000),
    drainBudgetMs: number("drain_budget_ms", 1, 600_000),
    bellMs: number("bell_ms", 1, 60_000),
    retentionS: number("retention_s", 1, 31_536_000),
    lingerMs: number("linger_ms", 0, 1_000),
  };
}
