//! Orders from the outside: what `docs/orders.md` and the schema promise, held against the parser.
