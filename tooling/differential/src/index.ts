export { formatFinding, formatTallies, isRed } from "./report.js";
export { search } from "./search.js";
export { verbs } from "./verbs/index.js";
