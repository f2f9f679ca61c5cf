// The program of a keeper: it is started with a socket as its descriptor 3, by which it is told what to do.
import { runKeeper } from "./keeper-process.js";

runKeeper();
