declare module "dockerode/lib/container.js" {
  import type { Container } from "dockerode";

  const part: typeof Container;
  export default part;
}

declare module "dockerode/lib/exec.js" {
  import type { Exec } from "dockerode";

  const part: typeof Exec;
  export default part;
}

declare module "dockerode/lib/image.js" {
  import type { Image } from "dockerode";

  const part: typeof Image;
  export default part;
}
