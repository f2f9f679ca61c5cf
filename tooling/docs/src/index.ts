export { type ErrorCatalogue, readErrorCatalogue } from "./error-catalogue.js";
export { formatErrorPage } from "./error-page.js";
export { closeLayers, formatLayers, type Layers, readDrawing, reduceLayers } from "./layers.js";
export { formatThirdParty, readTable } from "./package-table.js";
export { headingId, readMenu, siteLink, sitePathOf } from "./site-pages.js";
export { searchOptions } from "./site-search.js";
export { formatTroubleshooting, readSymptoms } from "./troubleshooting-page.js";
export { hasBundle, listPackages } from "./workspace-package.js";
