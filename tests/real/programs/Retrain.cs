// Retrains a census model with HttpClient: batch execution, AddEndpoint, PATCH. Ids, keys and hosts are the real service's.
//   mcs -r:System.Net.Http -r:System.Web.Extensions Retrain.cs
using System;
using System.Collections.Generic;
using System.IO;
using System.Net.Http;
using System.Net.Http.Headers;
using System.Text;
using System.Threading;
using System.Web.Script.Serialization;

public static class Program
{
    const string Workspace = "c0ffee00c0ffee00c0ffee00c0ffee01";
    const string TrainingUrl = "https://ussouthcentral.services.azureml.net/workspaces/" + Workspace
        + "/services/7a117a117a117a117a117a117a117a11";
    const string TrainingKey = "GcH4lVH+Jre1kg7u0xs9rTiV/W3o9TtPJjOuUCJuYmnNjwEjjcL3jlRkeqFAm/UBbfQhVc03A+bpPV5Cdg5Qcw==";
    const string EndpointsUrl = "https://management.azureml.net/workspaces/" + Workspace
        + "/webservices/5c0e5c0e5c0e5c0e5c0e5c0e5c0e5c0e/endpoints/";
    const string Token = "ImXaughy/DrvFp0Hk2XlkPDLyO1GwqeYTIpkKAPP2Wy0eASmPPIqefbKRpJowp7p5ypQWbYtClmP5C38jcxRvA==";
    const string Store = "DefaultEndpointsProtocol=https;AccountName=retrainstore;AccountKey="
        + "da7a0pVMABMtEhyWAjlaxgEGSw7NCpbIWbFsCRGagRgGTbPV/cVE9ZVqK0Uz8CGe5YI4Az6+w2Dw7AS19fJDMA==";
    const string ContainerUrl = "https://retrainstore.blob.core.windows.net/retraining/";
    const string Sas = "?sv=2013-08-15&sr=c&sig=ak5%2Bv0SZsijOD%2BHfSj9nkF0%2FYFMBC1fvRaPLxSe8lMQ%3D"
        + "&st=2015-01-01T00%3A00%3A00Z&se=2100-01-01T00%3A00%3A00Z&sp=rcwdl";

    static readonly HttpClient Client = new HttpClient();
    static readonly JavaScriptSerializer Json = new JavaScriptSerializer();

    static object Call(string method, string url, string key, object body)
    {
        var request = new HttpRequestMessage(new HttpMethod(method), url);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", key);
        if (body != null)
            request.Content = new StringContent(Json.Serialize(body), Encoding.UTF8, "application/json");
        HttpResponseMessage answer = Client.SendAsync(request).Result;
        string text = answer.Content == null ? "" : answer.Content.ReadAsStringAsync().Result;
        if (!answer.IsSuccessStatusCode)
            throw new InvalidOperationException(method + " " + url + ": " + (int)answer.StatusCode + " " + text);
        return text == "" ? null : Json.DeserializeObject(text);
    }

    static Dictionary<string, object> Members(object value)
    {
        return (Dictionary<string, object>)value;
    }

    static void Upload(string path, string name)
    {
        var content = new ByteArrayContent(File.ReadAllBytes(path));
        content.Headers.Add("x-ms-blob-type", "BlockBlob");
        Client.PutAsync(ContainerUrl + name + ".csv" + Sas, content).Result.EnsureSuccessStatusCode();
    }

    static object Place(string name)
    {
        return new { ConnectionString = Store, RelativeLocation = "retraining/" + name };
    }

    static Dictionary<string, object> Train(string name)
    {
        var request = new
        {
            Inputs = new { input1 = Place(name + ".csv") },
            Outputs = new { output1 = Place(name + ".ilearner"), output2 = Place(name + "-evaluation.csv") },
            GlobalParameters = new { }
        };
        var job = (string)Call("POST", TrainingUrl + "/jobs?api-version=2.0", TrainingKey, request);
        Call("POST", TrainingUrl + "/jobs/" + job + "/start?api-version=2.0", TrainingKey, null);
        while (true)
        {
            var status = Members(Call("GET", TrainingUrl + "/jobs/" + job + "?api-version=2.0", TrainingKey, null));
            switch ((string)status["StatusCode"])
            {
                case "Finished":
                    return Members(Members(status["Results"])["output1"]);
                case "Failed":
                case "Cancelled":
                    throw new InvalidOperationException((string)status["Details"]);
            }
            Thread.Sleep(200);
        }
    }

    static object Score(Dictionary<string, object> endpoint)
    {
        var table = new
        {
            ColumnNames = ("age,workclass,fnlwgt,education,education-num,marital-status,occupation,relationship,race,sex,"
                + "capital-gain,capital-loss,hours-per-week,native-country,income").Split(','),
            Values = new[] { ("52,Self-emp-inc,287927,HS-grad,9,Married-civ-spouse,Exec-managerial,Wife,White,Female,"
                + "15024,0,40,United-States,>50K").Split(',') }
        };
        var answer = Call("POST", endpoint["ApiLocation"] + "/execute?api-version=2.0", (string)endpoint["PrimaryKey"],
            new { Inputs = new { input1 = table }, GlobalParameters = new { } });
        var value = Members(Members(Members(Members(answer)["Results"])["output1"])["value"]);
        var row = (object[])((object[])value["Values"])[0];
        return row[row.Length - 1];
    }

    public static void Main(string[] arguments)
    {
        string name = arguments[1];
        Upload(arguments[0], name);
        Dictionary<string, object> model = Train(name);
        Call("PUT", EndpointsUrl + name, Token, new { Description = "retrained", ThrottleLevel = "Low" });
        var endpoint = Members(Call("GET", EndpointsUrl + name, Token, null));
        object before = Score(endpoint);
        var location = new
        {
            BaseLocation = model["BaseLocation"],
            RelativeLocation = model["RelativeLocation"],
            SasBlobToken = model["SasBlobToken"]
        };
        Call("PATCH", EndpointsUrl + name, (string)endpoint["PrimaryKey"],
            new { Resources = new[] { new { Name = "Census Model [trained model]", Location = location } } });
        Console.WriteLine("before " + before);
        Console.WriteLine("after " + Score(endpoint));
    }
}
