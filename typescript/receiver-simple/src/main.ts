// The receiver of the simple lane in TypeScript. The domain is a component that Spin composes into
// it.

import { fulfil, identify } from "orders:domain/fulfilment@0.1.0";
import { component } from "./component.js";

export const inboundRedis = component({ fulfil, identify });
