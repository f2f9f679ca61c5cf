export { formatGraph, type GraphFormat } from "./graph/format-graph.js";
