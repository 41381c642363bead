# nix-build -E '(import <nixpkgs> {}).callPackage ./packaging/callmux.nix {}'
{ lib, rustPlatform }:

rustPlatform.buildRustPackage {
  pname = "callmux";
  version = "0.1.0";
  src = lib.cleanSource ../.;
  cargoLock.lockFile = ../Cargo.lock;

  # The tests start processes and want a home.
  doCheck = false;

  # ExecStart= of the installed unit is the binary in this very output.
  installPhase = ''
    runHook preInstall
    binary=$(find target -path '*/release/callmux' -type f | head -n 1)
    PREFIX=$out sh packaging/stage "$binary"
    runHook postInstall
  '';

  meta = {
    description = "Local control plane between AI agents and MCP servers";
    license = lib.licenses.mit;
    mainProgram = "callmux";
    platforms = lib.platforms.linux;
  };
}
