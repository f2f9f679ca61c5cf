export { type ErrorCatalogue, readErrorCatalogue } from "./error-catalogue.js";
export { formatErrorPage } from "./error-page.js";
export { formatThirdParty, readTable } from "./package-table.js";
export { listPackages } from "./workspace-package.js";
