/-! Compiles the trusted program once, so that a worker loads it instead of elaborating 700 lines at every start.

`lean -o` will not do: this build of Lean writes, and reads, only the exported half of a module, which holds no code. So the module
is written here, in the shape of an exported half, with all of the code. It also holds the declarations of the functions that
this code calls, so that it needs no imports: a worker then loads one module and not 1,600. The interpreter finds code by the module of
its constant, so each piece of code gets a constant, of no meaning.
-/

namespace Pidistill
open Lean Elab

def argumentOf : IR.Expr → Option Name
  | .fap c _ => some c
  | .pap c _ => some c
  | _ => none

/-- The functions that a piece of code calls. -/
partial def callees (body : IR.FnBody) (acc : List Name) : List Name :=
  match body with
  | .vdecl _ _ e b => callees b (match argumentOf e with | some c => c :: acc | none => acc)
  | .jdecl _ _ v b => callees b (callees v acc)
  | .case _ _ _ cs => branches cs.toList acc
  | .ret _ => acc
  | .jmp _ _ => acc
  | .unreachable => acc
  | other => if other.isTerminal then acc else callees other.body acc
where
  branches : List IR.Alt → List Name → List Name
    | [], acc => acc
    | .ctor _ b :: rest, acc => branches rest (callees b acc)
    | .default b :: rest, acc => branches rest (callees b acc)

/-- What the code calls of Lean's own, as declarations, each once. Lean has all of it compiled. -/
def foreign (env : Environment) (seen : NameSet) : List Name → List IR.Decl → List IR.Decl
  | [], acc => acc
  | n :: rest, acc =>
    if seen.contains n then foreign env seen rest acc
    else
      let seen := seen.insert n
      match IR.findEnvDecl env n with
      | none => foreign env seen rest acc
      | some decl => foreign env seen rest (decl :: acc)

def calledBy : List IR.Decl → List Name → List Name
  | [], acc => acc
  | .fdecl _ _ _ body _ :: rest, acc => calledBy rest (callees body acc)
  | _ :: rest, acc => calledBy rest acc

def withBoxed : List Name → List Name
  | [] => []
  | n :: rest => n :: Name.str n "_boxed" :: withBoxed rest

def namesOf : List IR.Decl → List Name
  | [] => []
  | d :: rest => d.name :: namesOf rest

def setOf (xs : List Name) (acc : NameSet) : NameSet :=
  match xs with
  | [] => acc
  | x :: rest => setOf rest (acc.insert x)

def lacking (have_ : NameSet) : List Name → List Name
  | [] => []
  | n :: rest => if have_.contains n then lacking have_ rest else n :: lacking have_ rest

partial def mergeDecls : List IR.Decl → List IR.Decl → List IR.Decl
  | [], ys => ys
  | xs, [] => xs
  | x :: xs, y :: ys => if Name.quickLt x.name y.name then x :: mergeDecls xs (y :: ys) else y :: mergeDecls (x :: xs) ys

/-- In the order in which the interpreter searches. -/
partial def sortDecls : List IR.Decl → List IR.Decl
  | [] => []
  | [x] => [x]
  | xs =>
    let rec halves : List IR.Decl → List IR.Decl → List IR.Decl → List IR.Decl × List IR.Decl
      | [], a, b => (a, b)
      | x :: rest, a, b => halves rest b (x :: a)
    let (a, b) := halves xs [] []
    mergeDecls (sortDecls a) (sortDecls b)

/-- Functions that Lean's own C++ knows under another name. -/
def externNames (env : Environment) : List Name → List (Name × Name)
  | [] => []
  | n :: rest =>
    match getExportNameFor? env n with
    | some other => (n, other) :: externNames env rest
    | none => externNames env rest

unsafe def entriesOf {α : Type} (xs : List α) : Array EnvExtensionEntry := unsafeCast xs.toArray

/-- A module without imports: code and the declarations of all that it calls. -/
unsafe def writeProgram (env : Environment) (file : System.FilePath) : IO Unit := do
  let own := IR.getDecls env
  let ours := setOf (namesOf own) {}
  let called := withBoxed (calledBy own [])
  let decls := sortDecls (join own (foreign env ours called []))
  let names := namesOf decls
  let standIns ← mapList names (fun n =>
    pure (ConstantInfo.axiomInfo { name := n, levelParams := [], type := .sort .zero, isUnsafe := false }))
  let data ← mkModuleData env .private
  saveModuleData file env.mainModule
    { data with
      isModule := true
      imports := #[]
      extraConstNames := #[]
      constNames := names.toArray
      constants := standIns.toArray
      entries := #[(IR.declMapExt.name, entriesOf decls), (exportAttr.ext.name, entriesOf (externNames env names))] }

end Pidistill

open Lean Elab Pidistill in
public unsafe def main : IO Unit := do
  let source ← IO.FS.readFile "/program/Serve.src"
  let env ← importModules #[{ module := `Lean }] options (trustLevel := 0) (loadExts := true)
  let all ← elabText (inputContext source "Serve") none {} (Command.mkState (env.setMainModule `Serve) {} options)
  let st := all.state
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
