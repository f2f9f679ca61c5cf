#!/usr/bin/env node
import { start } from "../bundle/start.js";

await start();
