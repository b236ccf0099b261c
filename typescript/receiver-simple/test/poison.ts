// A receiver that some orders are the end of: an order whose text holds `poison:trap` makes it
// throw, `poison:time` compute for ever, and `poison:memory` take memory without end.

import { fulfil, identify } from "orders:domain/fulfilment@0.1.0";
import { component } from "../src/component.js";

export const inboundRedis = component({
  identify,
  fulfil(order, times, lane) {
    const text = new TextDecoder().decode(order);
    if (text.includes("poison:trap")) {
      throw new Error("poison");
    }
    for (let number = 1; text.includes("poison:time"); number += 1) {
      number *= 3;
    }
    for (const blocks: Uint8Array[] = []; text.includes("poison:memory");) {
      blocks.push(new Uint8Array(1 << 20).fill(1));
    }
    return fulfil(order, times, lane);
  },
});
