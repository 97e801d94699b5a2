using System.Runtime.CompilerServices;

// Every import here takes plain values and pointers only, so its stub can be compiled ahead: no compiler at run time.
[assembly: DisableRuntimeMarshalling]
