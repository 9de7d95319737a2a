# Post a file of batch lines to Kith with Windows PowerShell 5.1.       post.ps1 -Source NAME -File PATH
# Needs KITH_URL, KITH_CLIENT_ID and KITH_CLIENT_SECRET in the environment.
# Exit codes: 0 everything delivered, 1 lines were refused (they are printed), 2 it could not be posted.
param(
    [Parameter(Mandatory = $true)][string]$Source,
    [Parameter(Mandatory = $true)][string]$File
)
$ErrorActionPreference = 'Stop'
$ProgressPreference = 'SilentlyContinue'
[Net.ServicePointManager]::SecurityProtocol = [Net.SecurityProtocolType]::Tls12

$LinesAtOnce = 500
$AskedAgain = @(429, 502, 503, 504)
$MostTries = 8
$LongestWait = 120
$Utf8 = New-Object Text.UTF8Encoding($false)

# The text of an answer. Asks again where the answer says nothing against what was sent.
function Invoke-Kith([string]$Method, [string]$Url, [hashtable]$Headers, [byte[]]$Body, [string]$Type) {
    $request = @{ Method = $Method; Uri = $Url; Headers = $Headers; TimeoutSec = 120; UseBasicParsing = $true }
    if ($Body) { $request.Body = $Body; $request.ContentType = $Type }
    for ($try = 0; $try -lt $MostTries; $try++) {
        try {
            $answer = Invoke-WebRequest @request
            return $Utf8.GetString($answer.RawContentStream.ToArray())
        }
        catch [Net.WebException] {
            $status = 0
            $wait = [Math]::Pow(2, $try)
            $response = $_.Exception.Response
            if ($response) {
                $status = [int]$response.StatusCode
                $asked = 0
                if ([int]::TryParse($response.Headers['Retry-After'], [ref]$asked)) { $wait = $asked }
            }
            if ($response -and $AskedAgain -notcontains $status) { throw "the service answered $status $($_.ErrorDetails.Message)" }
            $wait = [Math]::Min($wait, $LongestWait)
            [Console]::Error.WriteLine("The service answered $status; asking again in $wait s.")
            Start-Sleep -Seconds $wait
        }
    }
    throw "no better answer than $status, $MostTries times"
}

function Get-Token {
    $pair = $Utf8.GetBytes("$($env:KITH_CLIENT_ID):$($env:KITH_CLIENT_SECRET)")
    $headers = @{ Authorization = 'Basic ' + [Convert]::ToBase64String($pair) }
    $form = $Utf8.GetBytes('grant_type=client_credentials')
    $answer = Invoke-Kith 'Post' "$env:KITH_URL/oauth/token" $headers $form 'application/x-www-form-urlencoded'
    return (ConvertFrom-Json $answer).access_token
}

# The same lines make the same key: sent twice, they are taken once and answered with the first report.
function Get-Key([byte[]]$Body) {
    $sha256 = [Security.Cryptography.SHA256]::Create()
    $hash = $sha256.ComputeHash([byte[]]($Utf8.GetBytes("$Source`n") + $Body))
    return ([BitConverter]::ToString($hash) -replace '-', '').ToLower()
}

# Post one batch; its results, as lines of JSON.
function Send-Batch([string[]]$Lines) {
    $bearer = 'Bearer ' + (Get-Token)
    $body = $Utf8.GetBytes(($Lines -join "`n") + "`n")
    $headers = @{ Authorization = $bearer; 'Idempotency-Key' = (Get-Key $body) }
    $answer = Invoke-Kith 'Post' "$env:KITH_URL/v1/sources/$Source/batches" $headers $body 'application/x-ndjson'
    $results = (ConvertFrom-Json $answer).results_url
    return (Invoke-Kith 'Get' "$env:KITH_URL$results" @{ Authorization = $bearer }) -split "`n"
}

$refused = 0
try {
    $lines = @([IO.File]::ReadAllLines((Resolve-Path $File), $Utf8) | Where-Object { $_.Trim() })
    for ($start = 0; $start -lt $lines.Count; $start += $LinesAtOnce) {
        $end = [Math]::Min($start + $LinesAtOnce, $lines.Count) - 1
        foreach ($result in (Send-Batch $lines[$start..$end])) {
            if ($result -match '"result": *"rejected"') { Write-Output $result; $refused++ }
        }
    }
}
catch {
    [Console]::Error.WriteLine("Not posted: $_")
    exit 2
}
if ($refused) { exit 1 }
exit 0
