/** The queue's own Lua scripts: `build.js` assembles the files in `shared/queue/src/lua`. */
declare module "queue:scripts" {
  export interface Script {
    readonly source: string;
    /** By which Redis knows a script that it has seen. */
    readonly sha1: string;
    /** The keys and settings that it takes first, in this order. */
    readonly keys: readonly string[];
    readonly settings: readonly string[];
  }
  export const claim: Script;
  export const commit: Script;
  export const tick: Script;
}
