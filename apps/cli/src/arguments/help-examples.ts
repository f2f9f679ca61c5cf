/** The examples in each command's help, by the command's words. */
const examples: Readonly<Record<string, readonly string[]>> = {
  otto: ["otto init", "otto up", "otto logs -f web", "otto host local.shop.api exec -- ls -l /srv", "otto down"],
  "otto docker": [
    "otto docker up",
    "otto up                              # the same",
    "otto docker compose up               # the same",
  ],
  "otto docker build": [
    "otto docker build                    # every image whose inputs changed",
    "otto docker build api --push",
    "otto build --no-cache --build-arg VERSION=2",
    "otto docker build --dry-run          # which would be built, and why",
  ],
  "otto docker up": [
    "otto docker up --lab veg --on pepper",
    "otto up web                          # and what it depends on",
    "otto up --scale web=3 --force-recreate",
    "otto docker up --profile debug",
    "otto docker up --dry-run",
  ],
  "otto docker down": [
    "otto docker down",
    "otto docker down --repo shop --volumes",
    "otto down web                        # the rest stays up",
    "otto down -v -t 5 --rmi local",
  ],
  "otto docker ps": [
    "otto ps",
    "otto ps -a --status exited",
    "otto ps --all-stacks --on pepper     # every container of the host",
  ],
  "otto docker logs": ["otto docker logs -f api", "otto docker logs --since 10m --tail 100"],
  "otto docker graph": [
    "otto docker graph                    # Mermaid, for Markdown",
    "otto docker graph -o stack.html      # a page for a browser or a printer",
    "otto docker graph --no-states --format svg",
  ],
  "otto docker exec": [
    "otto exec web sh",
    "otto exec -u root -w /srv -e DEBUG=1 web ls -l",
    "otto exec -T db cat < in > out",
  ],
  "otto docker cp": ["otto cp site web:/srv", "otto cp web:/var/log/app .", "otto cp web:/etc - > etc.tar"],
  "otto docker images": ["otto images", "otto images -q web"],
  "otto docker top": ["otto top web"],
  "otto docker stats": ["otto stats", "otto stats --no-stream --format json"],
  "otto docker config": ["otto config", "otto config --services"],
  "otto docker inspect": ["otto inspect web"],
  "otto docker port": ["otto port web 8080", "otto port --index 2 --protocol udp dns 53"],
  "otto docker pull": ["otto pull", "otto pull db"],
  "otto docker run": ["otto docker run web sh", "otto docker run --rm -e DEBUG=1 web ./migrate --dry"],
  "otto docker test": [
    "otto docker test",
    "otto docker test --timeout 600 e2e",
    "otto docker test e2e pytest -k smoke",
  ],
  "otto docker wait": ["otto wait migrate"],
  "otto docker stop": ["otto stop", "otto stop web -t 30"],
  "otto docker start": ["otto start web"],
  "otto docker restart": ["otto restart", "otto restart web --no-deps"],
  "otto docker kill": ["otto kill -s HUP web"],
  "otto docker pause": ["otto pause db"],
  "otto docker unpause": ["otto unpause db"],
  "otto host": [
    "otto host pepper exec uptime",
    "otto host local.shop.api run 'cd /srv' 'ls -l'",
    "otto host local.shop.api get /var/log/api ./logs",
  ],
  "otto host exec": [
    "otto host pepper exec -- ls -l /srv",
    "otto host local.shop.api exec --user root --workdir /srv 'ls | wc -l'",
    "otto host local.shop.api exec -i -- tar -x -C /srv < site.tar",
  ],
  "otto host run": ["otto host local.shop.api run 'cd /srv' 'export A=1' './check $A'"],
  "otto host login": ["otto host local.shop.api login"],
  "otto host put": [
    "otto host local.shop.api put site /srv",
    "otto host pepper put --mode 600 key.pem /etc/app/key.pem",
  ],
  "otto host get": ["otto host local.shop.api get /var/log/api ./logs"],
  "otto host logs": ["otto host local.shop.api logs -f --tail 20"],
  "otto host forward": ["otto host local.shop.db forward 5433:5432"],
  "otto run": ["otto run                             # lists the instructions", "otto run smoke --times 3"],
  "otto test": ["otto test --lab veg", "otto test suites/api.test.ts"],
  "otto trace": [
    "otto docker up --trace up.json",
    "otto trace up.json -o up.html     # the timeline, with the critical path",
  ],
  "otto doctor": ["otto doctor", "otto doctor pepper --lab veg"],
  "otto lab": ["otto lab list", "otto lab add ci@10.0.0.7 --via ci@gate.example.org"],
  "otto lab add": [
    "otto lab add ci@10.0.0.7 --via ci@gate.example.org --name pepper",
    "otto --lab bench lab add ci@pepper:2222 --identity ~/.ssh/ci",
  ],
  "otto lab connections": ["otto lab connections", "otto lab connections --stop pepper"],
  "otto lab reserve": [
    "otto lab reserve pepper --for 2h",
    "otto lab reserve db --wait           # the first free host with this role, as long as this runs",
  ],
  "otto lab release": ["otto lab release pepper", "otto lab release pepper --break"],
  "otto lab extend": ["otto lab extend pepper --for 30m"],
  "otto lab list": ["otto lab list"],
  "otto lab remove": ["otto lab remove pepper"],
  "otto trust": [
    "otto trust --dry-run                 # shows the files and hosts",
    "otto trust",
    "otto trust --revoke",
  ],
  "otto init": [
    "otto init",
    "otto init --compose                  # with a compose.yaml, where there is none",
    "otto init --dry-run                  # shows the files and writes nothing",
  ],
  "otto schema": ["otto schema settings > .otto/settings.schema.json", "otto schema lab > lab.schema.json"],
  "otto completion": [
    'eval "$(otto completion bash)"       # in ~/.bashrc',
    'eval "$(otto completion zsh)"        # in ~/.zshrc, after compinit',
    "otto completion fish | source        # in ~/.config/fish/config.fish",
  ],
};

/** What stands at the end of a command's help; undefined when nobody has written examples of it. */
export function formatExamples(command: string): string | undefined {
  const lines = examples[command];
  return lines && `\nExamples:\n${lines.map((line) => `  ${line}`).join("\n")}`;
}
