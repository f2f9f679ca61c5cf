import { errorMessage } from "./error-message.js";
import { type Answer, createLibraryCalls, type Question } from "./library-calls.js";

// Answers one call after the other for the bench, with the libraries of the checkout that it was started for.
const calls = createLibraryCalls(process.argv[2] ?? "") as unknown as Readonly<
  Record<string, (...args: readonly unknown[]) => Promise<Answer>>
>;

process.on("message", (question: Question) => void answer(question));

async function answer({ method, args }: Question): Promise<void> {
  try {
    process.send?.(await calls[method]?.(...args));
  } catch (error) {
    process.send?.({ failed: errorMessage(error) });
  }
  if (method === "close") process.disconnect();
}
