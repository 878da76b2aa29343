/-! Compiles the trusted program once, so that a worker loads it instead of elaborating 700 lines at every start.

`lean -o` will not do: this build of Lean writes, and reads, only the exported half of a module, which holds no code. So the module
is written here, whole, in the shape of an exported half. Code that Lean itself has made (closures, closed terms) has no constant; each gets one, since
the interpreter finds code by the module of its constant.
-/

namespace Pidistill
open Lean Elab

def nameless (env : Environment) : List IR.Decl → List Name
  | [] => []
  | d :: rest => if (env.toKernelEnv.find? d.name).isSome then nameless env rest else d.name :: nameless env rest

def writeProgram (env : Environment) (file : System.FilePath) : IO Unit := do
  let data ← mkModuleData env .private
  let names := nameless env (IR.getDecls env)
  let standIns ← mapList names (fun n =>
    pure (ConstantInfo.axiomInfo { name := n, levelParams := [], type := .sort .zero, isUnsafe := false }))
  saveModuleData file env.mainModule
    { data with
      isModule := true
      extraConstNames := #[]
      constNames := (join data.constNames.toList names).toArray
      constants := (join data.constants.toList standIns).toArray }

end Pidistill

open Lean Elab Pidistill in
public def main : IO Unit := do
  let source ← IO.FS.readFile "/program/Serve.src"
  let env ← importModules #[{ module := `Lean }] options (trustLevel := 0) (loadExts := true)
  let (st, _) ← elabCommands (inputContext source "Serve") false {} (Command.mkState (env.setMainModule `Serve) {} options)
  let rec complain : List Message → IO Bool
    | [] => pure false
    | m :: rest => do
      let text ← m.data.toString
      if isError m then
        IO.println ("@@error " ++ text)
        let _ ← complain rest
        pure true
      else complain rest
  if ← complain st.messages.toList then return
  writeProgram st.env "/program/Serve.olean"
  IO.println "@@built"
