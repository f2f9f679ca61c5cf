/** Which file an error is about: its codes begin with it. */
export type Area = "CONFIG" | "LAB";

/** What can be wrong with a file, as codes. Lab files may hold keys that mean nothing here. */
export const faultCodes = {
  CONFIG: {
    missing: "CONFIG_FILE_MISSING",
    unreadable: "CONFIG_FILE_UNREADABLE",
    syntax: "CONFIG_SYNTAX",
    invalid: "CONFIG_INVALID",
    unknownKey: "CONFIG_UNKNOWN_KEY",
  },
  LAB: {
    missing: "LAB_FILE_MISSING",
    unreadable: "LAB_FILE_UNREADABLE",
    syntax: "LAB_SYNTAX",
    invalid: "LAB_INVALID",
    unknownKey: "LAB_INVALID",
  },
} as const;
